#!/bin/sh
# Fetches what the pages are drawn with by the lock of npm, and copies the few needed files to portal/static/vendor:
# the page then asks nobody else for anything. Scripts of packages are never run.
set -eu
cd "$(dirname "$0")/.."
modules=node_modules
out=portal/static/vendor

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2

rm -rf "$out"
mkdir -p "$out/files" "$out/licences"
cp "$modules/@utrecht/component-library-css/dist/index.css" "$out/utrecht.css"
cp "$modules/@nl-design-system-unstable/voorbeeld-design-tokens/dist/theme.css" "$out/tokens.css"

# fonts FAMILY SUBSET...: the faces of three weights, woff2 only, each with its unicode-range, so that a browser
# loads no more than the page's letters ask for.
fonts() {
  family=$1
  shift
  for weight in 400 600 700; do
    for subset in "$@"; do
      file=$family-$subset-$weight-normal
      awk -v RS= -v wanted="/* $file */" 'index($0, wanted) { sub(/, url\([^)]*\.woff\) format\(.woff.\)/, ""); print $0 "\n" }' \
        "$modules/@fontsource/$family/$weight.css" >> "$out/fonts.css"
      cp "$modules/@fontsource/$family/files/$file.woff2" "$out/files/"
    done
  done
  cp "$modules/@fontsource/$family/LICENSE" "$out/licences/$family.txt"
}
fonts source-sans-3 latin latin-ext
fonts noto-sans-arabic arabic
cp "$modules/@utrecht/component-library-css/LICENSE.md" "$out/licences/utrecht.md"
cp "$modules/@nl-design-system-unstable/voorbeeld-design-tokens/LICENSE.md" "$out/licences/voorbeeld-design-tokens.md"

# A renamed file upstream must fail here, not show as a page in the wrong letters.
faces=$(grep -c '@font-face' "$out/fonts.css")
[ "$faces" = 9 ] || { echo "assets: $faces font faces instead of 9" >&2; exit 1; }
