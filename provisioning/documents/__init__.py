"""Papers for people: number sheets to fill in, IAD worksheets; one library per file (文档)."""
