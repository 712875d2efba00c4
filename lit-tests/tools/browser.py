"""Shows a page in a headless browser without network: browser.py FILE.html prints the text of what it shows, the number of
drawn boxes, and everything that the page says on its console or asks from elsewhere."""

import pathlib
import re
import subprocess
import sys
import tempfile

page = pathlib.Path(sys.argv[1]).resolve()
# A page that asks for anything but itself is refused by the policy, which says so on the console.
policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
text = page.read_text()
assert "<head>" in text, "the page has no head"
with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder) / "page.html"
    copy.write_text(text.replace("<head>", "<head>" + policy, 1))
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--log-level=0"]
    command += [f"--user-data-dir={folder}/profile", "--dump-dom", copy.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
said = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
body = re.sub(r"<(style|head)\b.*?</\1>", "", result.stdout, flags=re.S)
print(re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", " ", body)))
print("boxes:", body.count("<rect"))
print("console:", said or "silent")
