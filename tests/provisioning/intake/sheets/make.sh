#!/bin/bash
# Makes the workbooks of this folder anew, with LibreOffice 7.4 (Debian's libreoffice-calc) and XlsxWriter.
# They are kept in the repository, so that tests need no LibreOffice:  PYTHON=.../.venv/bin/python ./make.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
office() { soffice --headless --norestore "-env:UserInstallation=file://$work/profile" "$@" > /dev/null 2>&1; }
convert() { office --convert-to "$1" --outdir "$2" "$3"; }
"${PYTHON:-python3}" sources.py "$work"
for name in annex faults; do
    convert 'xls:MS Excel 97' . "$work/$name.xlsx"
    convert ods . "$work/$name.xlsx"
    convert 'xlsx:Calc MS Excel 2007 XML' "$work/again" "$work/$name.xlsx"
    mv "$work/again/$name.xlsx" "$name-libreoffice.xlsx"
done
convert ods . "$work/far.xlsx"

# --convert-to knows no password: a macro in LibreOffice's own language saves with one.
basic=$work/profile/user/basic/Standard
mkdir -p "$basic"
cat > "$basic/script.xlb" << 'XML'
<?xml version="1.0" encoding="UTF-8"?>
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false" library:passwordprotected="false">
 <library:element library:name="Protect"/>
</library:library>
XML
cat > "$work/profile/user/basic/script.xlc" << 'XML'
<?xml version="1.0" encoding="UTF-8"?>
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
 <library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" library:link="false"/>
</library:libraries>
XML
cat > "$basic/Protect.xba" << 'XML'
<?xml version="1.0" encoding="UTF-8"?>
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Protect" script:language="StarBasic">
Sub Save(source As String, target As String, filter As String)
    Dim opened(0) As New com.sun.star.beans.PropertyValue
    opened(0).Name = "Hidden"
    opened(0).Value = True
    book = StarDesktop.loadComponentFromURL(ConvertToURL(source), "_blank", 0, opened())
    Dim stored(1) As New com.sun.star.beans.PropertyValue
    stored(0).Name = "FilterName"
    stored(0).Value = filter
    stored(1).Name = "Password"
    stored(1).Value = "seatline"
    Dim said(1) As New com.sun.star.beans.NamedValue
    If filter = "Calc MS Excel 2007 XML" Then
        said(0).Name = "CryptoType"
        said(0).Value = "Standard"
        said(1).Name = "OOXPassword"
        said(1).Value = "seatline"
    ElseIf filter = "MS Excel 97" Then
        said(0).Name = "STD97EncryptionKey"
        said(0).Value = CreateUnoValue("[]byte", Array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
        said(1).Name = "STD97UniqueID"
        said(1).Value = CreateUnoValue("[]byte", Array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
    End If
    If filter &lt;&gt; "calc8" Then
        stored(1).Name = "EncryptionData"
        stored(1).Value = said()
    End If
    book.storeToURL(ConvertToURL(target), stored())
    book.close(True)
    StarDesktop.terminate()
End Sub
</script:module>
XML
protect() { office "macro:///Standard.Protect.Save(\"$work/annex.xlsx\",\"$PWD/$1\",\"$2\")"; }
protect protected.xlsx 'Calc MS Excel 2007 XML'
protect protected.xls 'MS Excel 97'
protect protected.ods calc8
