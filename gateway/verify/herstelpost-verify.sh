#!/bin/sh
# Checks a receipt of Herstelpost with nothing but a POSIX shell, openssl (3.0 or later) and coreutils.
# No network, no server of ours, nothing to install. Licence: EUPL-1.2. Explained in docs/evidence.md.
#
#   sh herstelpost-verify.sh [--key KEY]... [--tsa-ca FILE]... DIR-or-FILE...
#
# DIR is a receipt package; FILEs are its parts or the documents to look up in it. KEY is the key that the
# organisation publishes, or a file with it; without it the package's own log.vkey is used, and the answer says so.
# --tsa-ca names a file with the certificates (PEM) of the authority that stamped checkpoint.tsr, if there is one.
# Exit: 0 everything holds, 1 it does not, 2 wrong usage.
#
# Rule 1: what is in a package is data. It is never evaluated, never a pattern, never an option of a program.
# Rule 2: one way to write a thing: what is not written exactly as it should be is refused, so that no changed
#         bit is read as the same thing.
# Rule 3: nothing in receipt.json is repeated as true before the signature was verified.
# Rule 4: what strangers wrote reaches the terminal as plain ASCII, anything else as a question mark.
#
# One thing `herstelpost verify` does is not done here: see whether receipt.json is canonical JSON (RFC 8785).
# The hash that the log signed is over its very bytes, so no change gets past for that.
set -eu
LC_ALL=C
export LC_ALL
unset IFS CDPATH
umask 077

MAX_RECEIPT=8388608
MAX_PROOF=65536
MAX_STAMP=262144
DASH=$(printf '\342\200\224')

# ---- saying ------------------------------------------------------------------------------------------------

# good DUTCH ENGLISH; bad DUTCH ENGLISH: a thing that was looked at, and whether it holds
good() { say nl.checks "goed  $1"; say en.checks "right $2"; }
bad() { all_holds=no; say nl.checks "FOUT  $1"; say en.checks "WRONG $2"; }
proved() { say nl.proved "  - $1"; say en.proved "  - $2"; }
unproved() { say nl.unproved "  - $1"; say en.unproved "  - $2"; }
say() { printf '%s\n' "$2" >> "$work/$1"; }

# broken DUTCH ENGLISH: a thing on which all the rest depends does not hold
broken() {
  bad "$1" "$2"
  rm -f "$work/nl.proved" "$work/en.proved" "$work/nl.unproved" "$work/en.unproved"
  unproved "Met dit pakket is niets bewezen; vraag om een nieuwe kopie." \
    "This package proves nothing; ask for a new copy."
  finish
}

finish() {
  if [ "$all_holds" = yes ]; then
    report nl Bewezen "Niet bewezen" "Uitkomst: alles klopt."
    report en Proved "Not proved" "Result: all is well."
    exit 0
  fi
  report nl Bewezen "Niet bewezen" "Uitkomst: NIET alles klopt."
  report en Proved "Not proved" "Result: NOT all is well."
  exit 1
}

report() {
  cat "$work/$1.checks"
  [ ! -f "$work/$1.proved" ] || { printf '\n%s:\n' "$2"; cat "$work/$1.proved"; }
  [ ! -f "$work/$1.unproved" ] || { printf '\n%s:\n' "$3"; cat "$work/$1.unproved"; }
  printf '\n%s\n\n' "$4"
}

# plain TEXT: the text without what could steer a terminal
plain() { printf %s "$1" | tr -c ' -~' '?'; }

usage() {
  echo "usage: herstelpost-verify.sh [--key KEY]... [--tsa-ca FILE]... DIR-or-FILE..." >&2
  exit 2
}

# ---- reading -----------------------------------------------------------------------------------------------

hex() { od -An -v -tx1 | tr -d ' \n'; }
sha256() { openssl dgst -sha256 -binary; }
bytes() { wc -c < "$1" | tr -d ' '; }

# decode TEXT CHARACTERS PADDING FILE: base64 of a fixed length, in its one spelling; false if it is not
decode() {
  [ "${#1}" -eq "$2" ] || return 1
  body=${1%"$3"}
  [ "$body$3" = "$1" ] || return 1
  case $body in *[!A-Za-z0-9+/]*) return 1 ;; esac
  case $3$body in
    ==*[AQgw]) ;;
    ==*) return 1 ;;
    =*[AEIMQUYcgkosw048]) ;;
    =*) return 1 ;;
  esac
  printf %s "$1" | base64 -d > "$4"
}

# number TEXT: whether it is a number in its one spelling that this shell can count with
number() {
  case $1 in 0) return 0 ;; '' | 0* | *[!0-9]*) return 1 ;; esac
  [ "${#1}" -le 18 ]
}

# take NAME FILE: keep a part of the package; a part may be given once
take() {
  if [ -e "$work/parts/$1" ]; then
    [ "$2" -ef "$work/from.$1" ] || broken "Er zijn twee bestanden met de naam $1; controleer een pakket tegelijk." \
      "There are two files named $1; check one package at a time."
    return 0
  fi
  [ -r "$2" ] || broken "$1 kan niet worden gelezen." "$1 cannot be read."
  ln -s "$(realpath -- "$2")" "$work/from.$1"
  limit=$MAX_RECEIPT
  [ "$1" = receipt.json ] || limit=$MAX_PROOF
  case $1 in receipt.pdf | README.txt) limit=0 ;; checkpoint.tsr) limit=$MAX_STAMP ;; esac
  head -c "$((limit + 1))" < "$2" > "$work/parts/$1"
  [ "$limit" -eq 0 ] || [ "$(bytes "$work/parts/$1")" -le "$limit" ] || broken "$1 is te groot." "$1 is too large."
}

need() { [ -e "$work/parts/$1" ] || broken "$1 ontbreekt." "$1 is missing."; }

# lines FILE: whether it is text in lines, with no control character in it (a shell does not see all of them)
lines() {
  [ -s "$1" ] && [ "$(tail -c 1 "$1" | hex)" = 0a ] && [ "$(tr -d '\000-\011\013-\037' < "$1" | wc -c)" -eq "$(bytes "$1")" ]
}

# ---- keys (C2SP signed-note) -------------------------------------------------------------------------------

bad_key() { broken "Het bewijs of de sleutel klopt niet (sleutel)." "The proof or key is wrong (key)."; }

# read_keys FILE: each vkey becomes a line "place kind identifier name" in known, and its key a file
read_keys() {
  known=0
  : > "$work/known"
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$(printf '\r')"}
    case $line in '' | '#'*) continue ;; esac
    read_key "$line"
  done < "$1"
}

read_key() {
  name=${1%%+*}
  rest=${1#*+}
  id=${rest%%+*}
  case $name in '' | *[[:space:]]* | *[[:cntrl:]]*) bad_key ;; esac
  [ "$name+$id+${rest#*+}" = "$1" ] || bad_key
  known=$((known + 1))
  decode "${rest#*+}" 44 '' "$work/raw" || bad_key
  [ "$({ printf '%s\n' "$name"; cat "$work/raw"; } | sha256 | head -c 4 | hex)" = "$id" ] || bad_key
  kind=$(head -c 1 "$work/raw" | hex)
  case $kind in 01 | 04) ;; *) bad_key ;; esac
  # SubjectPublicKeyInfo of Ed25519 (RFC 8410), then the 32 bytes of the key
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c 32 "$work/raw"; } > "$work/key.$known"
  printf '%s\n' "$known $kind $id $name" >> "$work/known"
  printf '%s\n' "$1" > "$work/vkey.$known"
}

# ---- the proof (c2sp.org/tlog-proof@v1) --------------------------------------------------------------------

bad_proof() { broken "Het bewijs klopt niet ($1)." "The proof is wrong ($1)."; }

# read_proof: index, size, root; salt and the path as files; what was signed in text, by whom in signatures
read_proof() {
  proof=$work/parts/receipt.tlog-proof
  lines "$proof" || bad_proof text
  : > "$work/text"
  : > "$work/signatures"
  {
    IFS= read -r line
    [ "$line" = c2sp.org/tlog-proof@v1 ] || bad_proof "first line"
    IFS= read -r line || bad_proof salt
    [ "extra ${line#extra }" = "$line" ] && decode "${line#extra }" 44 = "$work/salt" || bad_proof salt
    IFS= read -r line || bad_proof index
    index=${line#index }
    [ "index $index" = "$line" ] && number "$index" || bad_proof index
    steps=0
    while IFS= read -r line && [ -n "$line" ]; do
      steps=$((steps + 1))
      [ "$steps" -le 63 ] && decode "$line" 44 = "$work/step$steps" || bad_proof path
    done
    read_checkpoint
  } < "$proof"
}

read_checkpoint() {
  IFS= read -r origin && IFS= read -r size && IFS= read -r root || bad_proof checkpoint
  [ -n "$origin" ] && number "$size" && decode "$root" 44 = "$work/root" || bad_proof checkpoint
  printf '%s\n' "$origin" "$size" "$root" > "$work/text"
  while IFS= read -r line && [ -n "$line" ]; do printf '%s\n' "$line" >> "$work/text"; done
  signed=0
  while IFS= read -r line; do
    signed=$((signed + 1))
    [ "$signed" -le 64 ] || bad_proof signatures
    case $line in "$DASH "?*" "?*) ;; *) bad_proof signatures ;; esac
    printf '%s\n' "${line#"$DASH "}" >> "$work/signatures"
  done
  [ "$signed" -gt 0 ] || bad_proof signatures
}

# ---- the signatures ----------------------------------------------------------------------------------------

bad_signature() {
  broken "De handtekening van $(plain "$1") klopt niet." "The signature of $(plain "$1") is not right."
}

# verify_signatures: every signature of a known key must be right; who signed comes in signers
verify_signatures() {
  : > "$work/signers"
  while IFS= read -r line; do
    name=${line%% *}
    code=${line#* }
    identify "$name" "$code" || continue
    verify_signature
    printf '%s\n' "$place $kind $seconds $name" >> "$work/signers"
  done < "$work/signatures"
}

# identify NAME CODE: the place and kind of the known key that the signature claims to be of; false if unknown
identify() {
  case $1 in *+*) bad_signature "$1" ;; esac
  case $2 in *==) padding='==' ;; *=) padding='=' ;; *) padding='' ;; esac
  [ $((${#2} % 4)) -eq 0 ] && decode "$2" "${#2}" "$padding" "$work/signature" || bad_signature "$1"
  claimed=$(head -c 4 "$work/signature" | hex)
  while read -r place kind id known_name; do
    [ "$known_name" != "$1" ] || [ "$id" != "$claimed" ] || return 0
  done < "$work/known"
  return 1
}

verify_signature() {
  seconds=-
  if [ "$kind" = 01 ]; then
    [ "${#code}$padding" = 92= ] || bad_signature "$name"
    cp "$work/text" "$work/message"
  else # a witness signs the time with it (c2sp.org/tlog-cosignature)
    [ "${#code}$padding" = 104== ] || bad_signature "$name"
    moment=$(head -c 12 "$work/signature" | tail -c 8 | hex)
    case $moment in [0-7]*) ;; *) bad_signature "$name" ;; esac
    seconds=$((0x$moment))
    { printf 'cosignature/v1\ntime %s\n' "$seconds"; cat "$work/text"; } > "$work/message"
  fi
  tail -c 64 "$work/signature" > "$work/signature64"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.$place" -rawin -in "$work/message" \
    -sigfile "$work/signature64" > "$work/ignored" 2>&1 || bad_signature "$name"
}

# ---- the path to the root (RFC 9162 section 2.1.3.2) -------------------------------------------------------

not_included() {
  broken "receipt.json staat, zoals het hier ligt, niet op die plaats in het logboek." \
    "receipt.json, as it is here, is not at that place in the log."
}

climb() {
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(hex < "$work/salt")" -binary < "$work/parts/receipt.json" \
    > "$work/entry"
  { printf '\000'; cat "$work/entry"; } | sha256 > "$work/hash"
  at=$index
  last=$((size - 1))
  step=0
  [ "$at" -le "$last" ] || not_included
  while [ "$step" -lt "$steps" ]; do
    [ "$last" -gt 0 ] || not_included
    step=$((step + 1))
    if [ $((at % 2)) -eq 1 ] || [ "$at" -eq "$last" ]; then
      { printf '\001'; cat "$work/step$step" "$work/hash"; } | sha256 > "$work/next"
      while [ "$at" -gt 0 ] && [ $((at % 2)) -eq 0 ]; do at=$((at / 2)) last=$((last / 2)); done
    else
      { printf '\001'; cat "$work/hash" "$work/step$step"; } | sha256 > "$work/next"
    fi
    at=$((at / 2))
    last=$((last / 2))
    mv "$work/next" "$work/hash"
  done
  [ "$last" -eq 0 ] && [ "$(hex < "$work/hash")" = "$(hex < "$work/root")" ] || not_included
}

# ---- receipt.json ------------------------------------------------------------------------------------------

bad_receipt() { broken "receipt.json is beschadigd." "receipt.json is damaged."; }

# read_receipt: log, log_index, receipt_number, received; the documents' hashes and names in listed.
# Quotes cut canonical JSON into strings and what is between them, in turn; control characters it has none.
read_receipt() {
  receipt=$work/parts/receipt.json
  [ "$(tr -d '\000-\037' < "$receipt" | wc -c)" -eq "$(bytes "$receipt")" ] || bad_receipt
  [ "$(head -c 1 "$receipt")" = '{' ] || bad_receipt
  { tr '"' '\n' < "$receipt"; echo; } > "$work/pieces"
  log='' log_index='' receipt_number='?' received='?'
  depth=0 in_string=no in_list=no in_entry=no key='' before='' string=''
  : > "$work/listed"
  while IFS= read -r piece; do
    if [ "$in_string" = yes ]; then
      string=$string$piece
      escapes=${piece##*[!\\]}
      if [ $((${#escapes} % 2)) -eq 1 ]; then # this quote belongs to the string
        string="$string\""
        continue
      fi
      in_string=no
      case $before in *:) value ;; esac
    else
      between "$piece"
      before=$piece
      in_string=yes string=''
    fi
  done < "$work/pieces"
}

# value: `string` is the value of `key`
value() {
  case $depth.$key in
    1.log) log=$string ;;
    1.ontvangstnummer) receipt_number=$(plain "$string") ;;
    1.ontvangenOp) received=$(plain "$string") ;;
    3.naam) entry_name=$string ;;
    3.sha256) entry_hash=$string ;;
  esac
}

# between PIECE: what stands between two strings: a colon makes the string before it a key; brackets nest
between() {
  [ "${#1}" -le 4096 ] || bad_receipt
  case $1 in
    :*)
      key=$string
      [ "$depth.$key" != 1.logIndex ] || { log_index=${1#:}; log_index=${log_index%%[],\}]*}; }
      ;;
  esac
  rest=$1
  while :; do
    case $rest in *[][{}]*) ;; *) return 0 ;; esac
    after=${rest#*[][{\}]}
    bracket=${rest%"$after"}
    bracket=${bracket#"${bracket%?}"}
    rest=$after
    case $bracket in '[' | '{') deeper ;; *) higher ;; esac
  done
}

deeper() {
  depth=$((depth + 1))
  case $depth.$bracket.$key in '2.[.stukken' | '2.[.bestanden') in_list=yes ;; esac
  case $depth.$bracket.$in_list in '3.{.yes') in_entry=yes entry_name='' entry_hash='' ;; esac
}

higher() {
  if [ "$depth.$in_entry" = 3.yes ]; then
    in_entry=no
    [ -z "$entry_hash" ] || printf '%s\n' "$entry_hash $entry_name" >> "$work/listed"
  fi
  depth=$((depth - 1))
  [ "$depth" -ge 2 ] || in_list=no
}

# ---- the documents -----------------------------------------------------------------------------------------

check_document() {
  shown=$(plain "${1##*/}")
  [ -r "$1" ] || { bad "$shown kan niet worden gelezen." "$shown cannot be read."; return 0; }
  digest=$(sha256sum < "$1")
  digest=${digest%% *}
  while IFS= read -r line; do
    [ "${line%% *}" = "$digest" ] || continue
    listed=$(plain "${line#* }")
    good "$shown staat in het ontvangstbewijs (daar: $listed), byte voor byte." \
      "$shown is in the receipt (there: $listed), byte for byte."
    return 0
  done < "$work/listed"
  bad "$shown staat NIET in het ontvangstbewijs (SHA-256 $digest)." \
    "$shown is NOT in the receipt (SHA-256 $digest)."
}

# ---- what it comes to --------------------------------------------------------------------------------------

tell() {
  shown=$(plain "$origin")
  proved "Ontvangstbewijs $receipt_number is regel $index van het logboek $shown, dat bij het ondertekenen $size regels had; er is daarna niets aan veranderd." \
    "Receipt $receipt_number is entry $index of the log $shown, which had $size entries when it was signed; nothing in it was changed since."
  proved "De beheerder van het logboek verklaart daarin: ontvangen op $received." \
    "The operator of the log states in it: received at $received."
  tell_signers
  [ "$trusted" = yes ] || unproved \
    "Van wie de sleutel is: die kwam met het pakket mee. Vergelijk hem met de sleutel die de organisatie zelf bekendmaakt; zonder dat bewijst dit alleen dat het pakket in zichzelf klopt." \
    "Whose the key is: it came with the package. Compare it with the key that the organisation itself publishes; without that, this proves only that the package is consistent in itself."
  if [ -n "$stamped_at" ]; then
    :
  elif [ -e "$work/parts/checkpoint.tsr" ]; then
    unproved "De tijdstempel checkpoint.tsr is hier niet gecontroleerd: geef met --tsa-ca het certificaat van de dienst mee." \
      "The time stamp checkpoint.tsr was not checked here: give the authority's certificate with --tsa-ca."
  else
    unproved "Het tijdstip is vastgelegd door de ontvanger zelf; er is geen tijdstempel van een derde." \
      "The time was recorded by the recipient itself; there is no time stamp by a third party."
  fi
  if [ "$witnessed" = yes ]; then
    :
  elif [ "$signed" -eq "$log_signatures" ]; then
    unproved \
      "Dat het logboek iedereen dezelfde inhoud laat zien: er heeft geen onafhankelijke getuige meegetekend." \
      "That the log shows everybody the same content: no independent witness has cosigned."
  else
    unproved "Dat het logboek iedereen dezelfde inhoud laat zien: er staan handtekeningen van anderen onder, maar hun sleutels zijn niet meegegeven (--key)." \
      "That the log shows everybody the same content: others have signed too, but their keys were not given (--key)."
  fi
  [ ! -e "$work/parts/receipt.pdf" ] || unproved \
    "Wat in receipt.pdf staat is niet gecontroleerd: alleen receipt.json telt." \
    "What receipt.pdf says was not checked: only receipt.json counts."
  unproved "Dat de stukken juist of voldoende zijn, en wie ze werkelijk heeft gestuurd." \
    "That the documents are complete, correct or sufficient, and who really sent them."
  unproved "Dit is geen gekwalificeerde dienst voor elektronisch aangetekende bezorging (eIDAS)." \
    "This is not a qualified electronic registered delivery service (eIDAS)."
}

tell_signers() {
  proved "Ondertekend met sleutel $log_key" "Signed with key $log_key"
  while read -r place kind seconds name; do
    [ "$kind" = 04 ] || continue
    shown=$(plain "$name")
    moment "$seconds"
    proved "Een onafhankelijke getuige, $shown, heeft het logboek in deze stand gezien op $at." \
      "An independent witness, $shown, has seen the log in this state at $at."
  done < "$work/signers"
  [ -z "$stamped_at" ] || proved \
    "De tijdstempeldienst van het opgegeven certificaat verklaart dat het logboek in deze stand bestond op $stamped_at." \
    "The time-stamping authority of the given certificate states that the log existed in this state at $stamped_at."
}

# moment SECONDS: what the calendar makes of it, in at
moment() {
  at="POSIX $1"
  [ "$1" -gt 253402300799 ] || at=$(date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ)
}

# count_signers: log_key, the first of the log's keys that signed; how many of them did; whether a witness did
count_signers() {
  log_key='' log_signatures=0 witnessed=no
  while read -r place kind seconds name; do
    case $kind in
      04) witnessed=yes ;;
      01)
        log_signatures=$((log_signatures + 1))
        [ "$name" != "$origin" ] || [ -n "$log_key" ] || log_key=$(plain "$(cat "$work/vkey.$place")")
        ;;
    esac
  done < "$work/signers"
}

good_signers() {
  while read -r place kind seconds name; do
    [ "$kind" = 04 ] || continue
    shown=$(plain "$name")
    good "De handtekening van de getuige $shown is goed." "The signature of the witness $shown is right."
  done < "$work/signers"
}

# ---- the time stamp (RFC 3161) -----------------------------------------------------------------------------

# The certificates have to have been good at the time that the stamp says, not now: receipts outlive them.
check_stamp() {
  stamped_at=''
  [ -s "$work/roots" ] && [ -e "$work/parts/checkpoint.tsr" ] || return 0
  at=unknown
  openssl ts -reply -in "$work/parts/checkpoint.tsr" -text > "$work/stamp" 2> "$work/ignored" || bad_stamp
  while IFS= read -r line; do
    case $line in 'Time stamp: '*) at=${line#Time stamp: } ;; esac
  done < "$work/stamp"
  seconds=$(date -u -d "$at" +%s 2> "$work/ignored") || bad_stamp
  openssl ts -verify -in "$work/parts/checkpoint.tsr" -data "$work/text" -CAfile "$work/roots" -attime "$seconds" \
    > "$work/ignored" 2>&1 || bad_stamp
  moment "$seconds"
  stamped_at=$at
  good "De tijdstempel checkpoint.tsr is goed." "The time stamp checkpoint.tsr is right."
}

bad_stamp() { broken "De tijdstempel checkpoint.tsr klopt niet." "The time stamp checkpoint.tsr is wrong."; }

# ---- the whole ---------------------------------------------------------------------------------------------

# Sort what was given: parts of the package are taken, the documents stay as the arguments of `check`.
main() {
  arguments=$#
  [ "$arguments" -gt 0 ] || usage
  while [ "$arguments" -gt 0 ]; do
    path=$1
    shift
    arguments=$((arguments - 1))
    case $path in
      --key | --tsa-ca)
        [ "$arguments" -gt 0 ] || usage
        case $path in --key) trust "$1" ;; *) trust_authority "$1" ;; esac
        shift
        arguments=$((arguments - 1))
        continue
        ;;
      --*) usage ;;
      -*) path=./$path ;;
    esac
    if [ -d "$path" ]; then
      for file in "$path"/*; do
        [ ! -f "$file" ] || set -- "$@" "$file"
      done
    elif [ -f "$path" ]; then
      set -- "$@" "$path"
    else
      shown=$(plain "${path##*/}")
      broken "$shown kan niet worden gelezen." "$shown cannot be read."
    fi
  done
  given=$#
  for file do
    case ${file##*/} in
      receipt.json | receipt.tlog-proof | receipt.pdf | log.vkey | README.txt | checkpoint.tsr) take "${file##*/}" "$file" ;;
      *) set -- "$@" "$file" ;;
    esac
  done
  shift "$given"
  check "$@"
}

trust() {
  trusted=yes
  case $1 in
    *+*+*) [ -e "$1" ] || { printf '%s\n' "$1" >> "$work/trusted"; return 0; } ;;
  esac
  [ -f "$1" ] && [ -r "$1" ] && [ "$(bytes "$1")" -le "$MAX_PROOF" ] ||
    broken "De sleutel kan niet worden gelezen." "The key cannot be read."
  { cat "$1"; echo; } >> "$work/trusted"
}

trust_authority() {
  [ -f "$1" ] && [ -r "$1" ] || broken "De sleutel kan niet worden gelezen." "The key cannot be read."
  { cat "$1"; echo; } >> "$work/roots"
}

check() {
  need receipt.json
  need receipt.tlog-proof
  [ "$trusted" = yes ] || { need log.vkey; cp "$work/parts/log.vkey" "$work/trusted"; }
  read_keys "$work/trusted"
  [ "$known" -gt 0 ] || broken "Er staat geen sleutel in het bestand." "There is no key in the file."
  read_proof
  verify_signatures
  count_signers
  [ -n "$log_key" ] || broken "Het logboek dat receipt.json noemt heeft dit niet ondertekend." \
    "The log that receipt.json names did not sign this."
  climb
  read_receipt
  [ "$log" = "$origin" ] || broken "Het logboek dat receipt.json noemt heeft dit niet ondertekend." \
    "The log that receipt.json names did not sign this."
  [ "$log_index" = "$index" ] || not_included
  shown=$(plain "$origin")
  good "De handtekening van het logboek $shown is goed." "The signature of the log $shown is right."
  good "receipt.json staat in het logboek, op plaats $index van $size (geteld vanaf 0)." \
    "receipt.json is in the log, at place $index of $size (counted from 0)."
  good_signers
  check_stamp
  tell
  for file do check_document "$file"; done
  finish
}

# Without this an old openssl would read as a wrong signature.
case $(openssl pkeyutl -help 2>&1) in
  *-rawin*) ;;
  *) echo "herstelpost-verify.sh: openssl 3.0 or later is needed - openssl 3.0 of nieuwer is nodig" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/parts"
all_holds=yes trusted=no
main "$@"
