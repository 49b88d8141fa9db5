"""What is served over HTTP: IAD files to their devices (网页与接口)."""
