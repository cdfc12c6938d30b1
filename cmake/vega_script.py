"""Writes Vega, Vega-Lite and Vega-Embed as one script that may stand inside an HTML page: vega_script.py OUTPUT."""

import sys

import vl_convert

script = vl_convert.javascript_bundle()
# Both would end or change the meaning of the <script> element around it; the escapes mean the same to JavaScript.
script = script.replace("</script", "<\\/script")
if "<!--" in script:
    sys.exit("vega_script: the bundle holds '<!--'; it cannot stand inside a page as it is")
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("(() => {" + script + "\n})();")
