#!/bin/sh
# Checks a receipt of Herstelpost with nothing but a POSIX shell, openssl (3.0 or later) and coreutils.
# No network, no server of ours, nothing to install. Licence: EUPL-1.2. Explained in docs/evidence.md.
#
#   sh herstelpost-verify.sh [--key KEY]... [--tsa-ca FILE]... DIR-or-FILE...
#   sh herstelpost-verify.sh --each [--key KEY]... [--tsa-ca FILE]... DIR...
#
# DIR is a receipt package; FILEs are its parts or the documents to look up in it. KEY is the key that the
# organisation publishes, or a file with it; without it the package's own log.vkey is used, and the answer says so.
# --tsa-ca names a file with the certificates (PEM) of the authority that stamped checkpoint.tsr, if there is one.
# --each takes every DIR for a package of its own, and checks them one after the other.
# Exit: 0 everything holds, 1 it does not, 2 wrong usage.
#
# Rule 1: what is in a package is data. It is never evaluated, never a pattern, never an option of a program.
# Rule 2: one way to write a thing: what is not written exactly as it should be is refused, so that no changed
#         bit is read as the same thing.
# Rule 3: nothing in receipt.json is repeated as true before the signature was verified.
# Rule 4: what strangers wrote reaches the terminal as plain ASCII, anything else as a question mark.
#
# A shell cannot hold a zero byte: bytes are kept in hexadecimal, two digits each, and `binary` makes bytes of them.
# What a program could do and the shell can do too, the shell does: starting programs is what takes the time.
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
CONTROL=$(printf '*[\001-\037]*')
CR=$(printf '\r')
NEWLINE='
'

# ---- saying ------------------------------------------------------------------------------------------------

# good DUTCH ENGLISH; bad DUTCH ENGLISH: a thing that was looked at, and whether it holds
good() { checks_nl="${checks_nl}goed  $1$NEWLINE" checks_en="${checks_en}right $2$NEWLINE"; }
bad() { all_hold=no checks_nl="${checks_nl}FOUT  $1$NEWLINE" checks_en="${checks_en}WRONG $2$NEWLINE"; }
proved() { proved_nl="$proved_nl  - $1$NEWLINE" proved_en="$proved_en  - $2$NEWLINE"; }
unproved() { unproved_nl="$unproved_nl  - $1$NEWLINE" unproved_en="$unproved_en  - $2$NEWLINE"; }

# broken DUTCH ENGLISH: a thing on which all the rest depends does not hold
broken() {
  bad "$1" "$2"
  proved_nl='' proved_en='' unproved_nl='' unproved_en=''
  unproved "Met dit pakket is niets bewezen; vraag om een nieuwe kopie." \
    "This package proves nothing; ask for a new copy."
  finish
}

finish() {
  if [ "$all_hold" = yes ]; then
    report "$checks_nl" Bewezen "$proved_nl" "Niet bewezen" "$unproved_nl" "Uitkomst: alles klopt."
    report "$checks_en" Proved "$proved_en" "Not proved" "$unproved_en" "Result: all is well."
    exit 0
  fi
  report "$checks_nl" Bewezen "$proved_nl" "Niet bewezen" "$unproved_nl" "Uitkomst: NIET alles klopt."
  report "$checks_en" Proved "$proved_en" "Not proved" "$unproved_en" "Result: NOT all is well."
  exit 1
}

report() {
  printf %s "$1"
  [ -z "$3" ] || printf '\n%s:\n%s' "$2" "$3"
  [ -z "$5" ] || printf '\n%s:\n%s' "$4" "$5"
  printf '\n%s\n\n' "$6"
}

# plain TEXT: the text without what could steer a terminal, in shown
plain() {
  shown=$1
  case $1 in *[!\ -~]*) shown=$(printf %s "$1" | tr -c ' -~' '?') ;; esac
}

usage() {
  echo "usage: herstelpost-verify.sh [--each] [--key KEY]... [--tsa-ca FILE]... DIR-or-FILE..." >&2
  exit 2
}

# ---- bytes -------------------------------------------------------------------------------------------------

# binary HEX: the bytes, as output
binary() {
  tail=$1 octal=''
  while [ -n "$tail" ]; do
    rest=${tail#??}
    byte=$((0x${tail%"$rest"}))
    octal="$octal\\$((byte >> 6))$((byte >> 3 & 7))$((byte & 7))"
    tail=$rest
  done
  printf "$octal"
}

# split COUNT HEX: the first so many bytes in head, the others in tail
split() {
  tail=$2 count=$1
  while [ "$count" -gt 0 ]; do tail=${tail#??} count=$((count - 1)); done
  head=${2%"$tail"}
}

# sha256 FILE: its hash, in hash
sha256() {
  hash=$(sha256sum < "$1")
  hash=${hash%% *}
}

# base64_of CHARACTERS PADDING TEXT: whether that is base64 of this length in its one spelling. It is put with what is
# `coded`, the padding as A, filled up with A to lines of 44, for `decode` to make bytes of all of it at once.
base64_of() {
  body=${3%"$2"}
  [ "${#3}" -eq "$1" ] && [ "$body$2" = "$3" ] || return 1
  case $body in *[!A-Za-z0-9+/]*) return 1 ;; esac
  case $2$body in
    ==*[AQgw]) body=${body}AA ;;
    ==*) return 1 ;;
    =*[AEIMQUYcgkosw048]) body=${body}A ;;
    =*) return 1 ;;
  esac
  while [ $((${#body} % 44)) -ne 0 ]; do body=${body}AAAA; done
  coded=$coded$body
}

# decode: for each 44 characters that were coded a line of 33 bytes, to be taken from descriptor 3 in the same order
decode() {
  printf %s "$coded" | base64 -d | od -An -v -tx1 -w33 | tr -d ' ' > "$work/decoded"
  exec 3< "$work/decoded"
}

# number TEXT: whether it is a number in its one spelling that this shell can count with
number() {
  case $1 in 0) return 0 ;; '' | 0* | *[!0-9]*) return 1 ;; esac
  [ "${#1}" -le 18 ]
}

# ---- files -------------------------------------------------------------------------------------------------

# once NAME PATH EARLIER: a part of the package may be given once
once() {
  [ -z "$3" ] || [ "$2" -ef "$3" ] || broken "Er zijn twee bestanden met de naam $1; controleer een pakket tegelijk." \
    "There are two files named $1; check one package at a time."
  [ -r "$2" ] || broken "$1 kan niet worden gelezen." "$1 cannot be read."
}

# keep NAME PATH LIMIT: a copy in work, so that every look at it sees the same
keep() {
  [ -n "$2" ] || broken "$1 ontbreekt." "$1 is missing."
  head -c "$(($3 + 1))" < "$2" > "$work/$1"
}

# measure FILE...: how large the copies are
measure() {
  wc -c "$@" > "$work/sizes"
  while read -r length path; do
    name=${path##*/} limit=$MAX_PROOF
    case $name in
      receipt.json) limit=$MAX_RECEIPT receipt_length=$length ;;
      receipt.tlog-proof) proof_length=$length ;;
      total) continue ;;
    esac
    [ "$length" -le "$limit" ] || broken "$name is te groot." "$name is too large."
  done < "$work/sizes"
}

# ---- keys (C2SP signed-note) -------------------------------------------------------------------------------

bad_key() { broken "Het bewijs of de sleutel klopt niet (sleutel)." "The proof or key is wrong (key)."; }

# read_keys FILE: how many there are in known; each is a line "identifier name" in the file known
read_keys() {
  known=0
  : > "$work/known"
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%"$CR"}
    case $line in '' | '#'*) continue ;; esac
    name=${line%%+*}
    rest=${line#*+}
    id=${rest%%+*}
    case $name in '' | *[[:space:]]* | *[[:cntrl:]]*) bad_key ;; esac
    [ "$name+$id+${rest#*+}" = "$line" ] && base64_of 44 '' "${rest#*+}" || bad_key
    known=$((known + 1))
    printf '%s\n' "$id $name" >> "$work/known"
    printf '%s\n' "$line" > "$work/vkey.$known"
  done < "$1"
  [ "$known" -gt 0 ] || broken "Er staat geen sleutel in het bestand." "There is no key in the file."
}

# make_keys: each key becomes a file for openssl, and a line "place kind identifier name" in keys
make_keys() {
  place=0
  : > "$work/keys"
  while read -r id name; do
    read -r row <&3
    place=$((place + 1))
    { printf '%s\n' "$name"; binary "$row"; } > "$work/hashed"
    sha256 "$work/hashed"
    split 4 "$hash"
    [ "$head" = "$id" ] || bad_key
    split 1 "$row"
    case $head in 01 | 04) ;; *) bad_key ;; esac
    printf '%s\n' "$place $head $id $name" >> "$work/keys"
    binary "302a300506032b6570032100$tail" > "$work/key.$place" # SubjectPublicKeyInfo of Ed25519 (RFC 8410)
  done < "$work/known"
}

# ---- the proof (c2sp.org/tlog-proof@v1) --------------------------------------------------------------------

bad_proof() { broken "Het bewijs klopt niet ($1)." "The proof is wrong ($1)."; }

# read_proof: index, steps, origin, size; what was signed in text, by whom in signatures. Not one byte is passed over:
# the lines that were read are as long as the file.
read_proof() {
  proof_read=0
  {
    proof_line && [ "$line" = c2sp.org/tlog-proof@v1 ] || bad_proof "first line"
    proof_line && [ "extra ${line#extra }" = "$line" ] && base64_of 44 = "${line#extra }" || bad_proof salt
    proof_line && [ "index ${line#index }" = "$line" ] && number "${line#index }" || bad_proof index
    index=${line#index } steps=0
    while proof_line && [ -n "$line" ]; do
      steps=$((steps + 1))
      [ "$steps" -le 63 ] && base64_of 44 = "$line" || bad_proof path
    done
    read_checkpoint
  } < "$work/receipt.tlog-proof"
  [ "$proof_read" -eq "$proof_length" ] || bad_proof text
}

# proof_line: the next line, in line; false at the end
proof_line() {
  IFS= read -r line || return 1
  case $line in $CONTROL) bad_proof text ;; esac
  proof_read=$((proof_read + ${#line} + 1))
}

read_checkpoint() {
  proof_line && [ -n "$line" ] || bad_proof checkpoint
  origin=$line
  proof_line && number "$line" || bad_proof checkpoint
  size=$line
  proof_line && base64_of 44 = "$line" || bad_proof checkpoint
  text=$origin$NEWLINE$size$NEWLINE$line$NEWLINE
  while proof_line && [ -n "$line" ]; do text=$text$line$NEWLINE; done
  signed=0
  : > "$work/signatures"
  while proof_line; do
    signed=$((signed + 1))
    [ "$signed" -le 64 ] || bad_proof signatures
    case $line in "$DASH "?*" "?*) ;; *) bad_proof signatures ;; esac
    line=${line#"$DASH "}
    name=${line%% *} code=${line#* }
    case $name in *+*) bad_signature "$name" ;; esac
    case $code in *==) padding='==' ;; *=) padding='=' ;; *) padding='' ;; esac
    [ $((${#code} % 4)) -eq 0 ] && base64_of "${#code}" "$padding" "$code" || bad_signature "$name"
    printf '%s\n' "${#code}$padding $name" >> "$work/signatures"
  done
  [ "$signed" -gt 0 ] || bad_proof signatures
}

# take_path: salt, path and root
take_path() {
  read -r salt <&3
  salt=${salt%00} path=''
  step=0
  while [ "$step" -lt "$steps" ]; do
    read -r row <&3
    path="$path ${row%00}"
    step=$((step + 1))
  done
  read -r root <&3
  root=${root%00}
}

# ---- the signatures ----------------------------------------------------------------------------------------

bad_signature() {
  plain "$1"
  broken "De handtekening van $shown klopt niet." "The signature of $shown is not right."
}

# verify_signatures: every signature of a known key must be right; who signed is a line "place kind seconds name" in
# signers
verify_signatures() {
  : > "$work/signers"
  while IFS= read -r line; do
    name=${line#* } long=${line%% *} signature=''
    missing=${long%%=*}
    while [ "$missing" -gt 0 ]; do
      read -r row <&3
      signature=$signature$row missing=$((missing - 44))
    done
    split 4 "$signature"
    identify "$name" "$head" || continue
    verify_signature "$tail"
    printf '%s\n' "$place $kind $seconds $name" >> "$work/signers"
  done < "$work/signatures"
}

# identify NAME IDENTIFIER: the place and kind of the known key that the signature claims to be of; false if unknown
identify() {
  while read -r place kind id known_name; do
    [ "$known_name" != "$1" ] || [ "$id" != "$2" ] || return 0
  done < "$work/keys"
  return 1
}

# verify_signature HEX: what comes after the identifier
verify_signature() {
  seconds=-
  if [ "$kind" = 01 ]; then
    [ "$long" = 92= ] || bad_signature "$name"
    printf %s "$text" > "$work/message"
    split 64 "$1"
  else # a witness signs the time with it (c2sp.org/tlog-cosignature)
    [ "$long" = 104== ] || bad_signature "$name"
    split 8 "$1"
    case $head in [0-7]*) ;; *) bad_signature "$name" ;; esac
    seconds=$((0x$head))
    printf 'cosignature/v1\ntime %s\n%s' "$seconds" "$text" > "$work/message"
    split 64 "$tail"
  fi
  binary "$head" > "$work/signature"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.$place" -rawin -in "$work/message" \
    -sigfile "$work/signature" > "$work/ignored" 2>&1 || bad_signature "$name"
}

not_signed() {
  broken "Het logboek dat receipt.json noemt heeft dit niet ondertekend." \
    "The log that receipt.json names did not sign this."
}

# count_signers: log_key, the first of the log's keys that signed; how many of them did; whether a witness did
count_signers() {
  log_key='' log_signatures=0 witnessed=no
  while read -r place kind seconds name; do
    case $kind in
      04) witnessed=yes ;;
      01)
        log_signatures=$((log_signatures + 1))
        [ "$name" != "$origin" ] || [ -n "$log_key" ] || IFS= read -r log_key < "$work/vkey.$place"
        ;;
    esac
  done < "$work/signers"
  [ -n "$log_key" ] || not_signed
}

# ---- the path to the root (RFC 9162 section 2.1.3.2) -------------------------------------------------------

not_included() {
  broken "receipt.json staat, zoals het hier ligt, niet op die plaats in het logboek." \
    "receipt.json, as it is here, is not at that place in the log."
}

climb() {
  entry=$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$salt" -r < "$work/receipt.json")
  binary "00${entry%% *}" > "$work/hashed"
  sha256 "$work/hashed"
  at=$index
  last=$((size - 1))
  [ "$at" -le "$last" ] || not_included
  for sibling in $path; do
    [ "$last" -gt 0 ] || not_included
    if [ $((at % 2)) -eq 1 ] || [ "$at" -eq "$last" ]; then
      binary "01$sibling$hash" > "$work/hashed"
      while [ "$at" -gt 0 ] && [ $((at % 2)) -eq 0 ]; do at=$((at / 2)) last=$((last / 2)); done
    else
      binary "01$hash$sibling" > "$work/hashed"
    fi
    at=$((at / 2))
    last=$((last / 2))
    sha256 "$work/hashed"
  done
  [ "$last" -eq 0 ] && [ "$hash" = "$root" ] || not_included
}

# ---- receipt.json ------------------------------------------------------------------------------------------

bad_receipt() { broken "receipt.json is beschadigd." "receipt.json is damaged."; }

# read_receipt: log, log_index, receipt_number, received; which receipt it corrects in corrected and corrected_at; the
# documents' hashes and names in listed. Quotes cut canonical JSON into strings and what is between them, in turn;
# control characters it has none: a line end or a zero byte in it makes the lengths differ.
read_receipt() {
  tr '"\n\177' '\n\001?' < "$work/receipt.json" > "$work/pieces"
  log='' log_index='' receipt_number='?' received='?' corrected='' corrected_at=''
  depth=0 in_string=no in_list=no in_entry=no in_corrected=no key='' before='' string='' receipt_read=-1
  : > "$work/listed"
  while IFS= read -r piece || [ -n "$piece" ]; do
    case $piece in $CONTROL) bad_receipt ;; esac
    receipt_read=$((receipt_read + ${#piece} + 1))
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
      [ -n "$before" ] || case $piece in '{'*) ;; *) bad_receipt ;; esac
      between "$piece"
      before=$piece
      in_string=yes string=''
    fi
  done < "$work/pieces"
  [ "$receipt_read" -eq "$receipt_length" ] || bad_receipt
}

# value: `string` is the value of `key`
value() {
  case $depth.$key in
    1.log) log=$string ;;
    1.ontvangstnummer) plain "$string"; receipt_number=$shown ;;
    1.ontvangenOp) plain "$string"; received=$shown ;;
    2.tijd) [ "$in_corrected" = no ] || { plain "$string"; corrected_at=$shown; } ;;
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
      plain_value=${1#:}
      plain_value=${plain_value%%[],\}]*}
      case $depth.$key.$in_corrected in
        1.logIndex.*) log_index=$plain_value ;;
        2.logIndex.yes) corrected=$plain_value ;;
      esac
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
  case $depth.$bracket.$key in
    '2.[.stukken' | '2.[.bestanden') in_list=yes ;;
    '2.{.corrigeert') in_corrected=yes ;;
  esac
  case $depth.$bracket.$in_list in '3.{.yes') in_entry=yes entry_name='' entry_hash='' ;; esac
}

higher() {
  if [ "$depth.$in_entry" = 3.yes ]; then
    in_entry=no
    [ -z "$entry_hash" ] || printf '%s\n' "$entry_hash $entry_name" >> "$work/listed"
  fi
  depth=$((depth - 1))
  [ "$depth" -ge 2 ] || in_list=no in_corrected=no
}

# ---- the documents -----------------------------------------------------------------------------------------

check_document() {
  plain "${1##*/}"
  document=$shown
  [ -r "$1" ] || { bad "$document kan niet worden gelezen." "$document cannot be read."; return 0; }
  sha256 "$1"
  while IFS= read -r line; do
    [ "${line%% *}" = "$hash" ] || continue
    plain "${line#* }"
    good "$document staat in het ontvangstbewijs (daar: $shown), byte voor byte." \
      "$document is in the receipt (there: $shown), byte for byte."
    return 0
  done < "$work/listed"
  bad "$document staat NIET in het ontvangstbewijs (SHA-256 $hash)." \
    "$document is NOT in the receipt (SHA-256 $hash)."
}

# ---- the time stamp (RFC 3161) -----------------------------------------------------------------------------

bad_stamp() { broken "De tijdstempel checkpoint.tsr klopt niet." "The time stamp checkpoint.tsr is wrong."; }

# check_stamp: whether it is of this checkpoint; with the authority's certificate also whether it is genuine, at the
# moment in stamped_at. Certificates have to have been good at the time that the stamp says: receipts outlive them.
check_stamp() {
  stamped_at=''
  [ -n "$stamp" ] || return 0
  keep checkpoint.tsr "$stamp" "$MAX_STAMP"
  measure "$work/checkpoint.tsr"
  printf %s "$text" > "$work/message"
  read_stamp
  openssl dgst "-$algorithm" -r < "$work/message" > "$work/hashed" 2> "$work/ignored" || bad_stamp
  IFS=' ' read -r hash rest < "$work/hashed"
  [ "$imprint" = "$hash" ] || bad_stamp
  seconds=$(date -u -d "$at" +%s 2> "$work/ignored") || bad_stamp
  moment "$seconds"
  if [ "$authority" = no ]; then
    good "De tijdstempel checkpoint.tsr hoort bij deze stand van het logboek, en noemt $at." \
      "The time stamp checkpoint.tsr belongs to this state of the log, and says $at."
    return 0
  fi
  openssl ts -verify -in "$work/checkpoint.tsr" -data "$work/message" -CAfile "$work/roots" -attime "$seconds" \
    > "$work/ignored" 2>&1 || bad_stamp
  stamped_at=$at
  good "De tijdstempel checkpoint.tsr is goed." "The time stamp checkpoint.tsr is right."
}

# read_stamp: what was stamped in algorithm and imprint, when in at. Only of the token: the text of the answer around it
# is not signed.
read_stamp() {
  openssl ts -reply -in "$work/checkpoint.tsr" -token_out -out "$work/token" > "$work/ignored" 2>&1 &&
    openssl ts -reply -in "$work/token" -token_in -text > "$work/stamp" 2> "$work/ignored" || bad_stamp
  algorithm='' imprint='' at=''
  while IFS= read -r line; do
    case $at$line in
      'Hash Algorithm: '*) algorithm=${line#*: } ;;
      '    '*' - '*) line=${line#*' - '} imprint="$imprint ${line%%'   '*}" ;;
      'Time stamp: '*) at=${line#*: } ;;
    esac
  done < "$work/stamp"
  case $algorithm in sha256 | sha384 | sha512) ;; *) bad_stamp ;; esac
  imprint=$(printf %s "$imprint" | tr -d ' -')
}

# moment SECONDS: what the calendar makes of it, in at
moment() {
  at="POSIX $1"
  [ "$1" -gt 253402300799 ] || at=$(date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ)
}

# ---- what it comes to --------------------------------------------------------------------------------------

tell() {
  proved "Ontvangstbewijs $receipt_number is regel $index van het logboek $log_name, dat bij het ondertekenen $size regels had; er is daarna niets aan veranderd." \
    "Receipt $receipt_number is entry $index of the log $log_name, which had $size entries when it was signed; nothing in it was changed since."
  proved "De beheerder van het logboek verklaart daarin: ontvangen op $received." \
    "The operator of the log states in it: received at $received."
  [ -z "$corrected_at" ] || ! number "$corrected" || proved \
    "Het verbetert een eerder ontvangstbewijs: regel $corrected van hetzelfde logboek, van $corrected_at." \
    "It corrects an earlier receipt: entry $corrected of the same log, of $corrected_at."
  tell_signers
  [ "$trusted" = yes ] || unproved \
    "Van wie de sleutel is: die kwam met het pakket mee. Vergelijk hem met de sleutel die de organisatie zelf bekendmaakt; zonder dat bewijst dit alleen dat het pakket in zichzelf klopt." \
    "Whose the key is: it came with the package. Compare it with the key that the organisation itself publishes; without that, this proves only that the package is consistent in itself."
  if [ -z "$stamp" ]; then
    unproved "Het tijdstip is vastgelegd door de ontvanger zelf; er is geen tijdstempel van een derde." \
      "The time was recorded by the recipient itself; there is no time stamp by a third party."
  elif [ -z "$stamped_at" ]; then
    unproved "Of de tijdstempel checkpoint.tsr echt is: daarvoor is het certificaat van de dienst nodig (--tsa-ca)." \
      "Whether the time stamp checkpoint.tsr is genuine: that takes the authority's certificate (--tsa-ca)."
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
  [ -z "$pdf" ] || unproved "Wat in receipt.pdf staat is niet gecontroleerd: alleen receipt.json telt." \
    "What receipt.pdf says was not checked: only receipt.json counts."
  unproved "Dat dit het laatste ontvangstbewijs is: een later kan het verbeteren. De organisatie kan dat zeggen." \
    "That this is the last receipt: a later one may correct it. The organisation can tell."
  unproved "Dat de stukken juist of voldoende zijn, en wie ze werkelijk heeft gestuurd." \
    "That the documents are complete, correct or sufficient, and who really sent them."
  unproved "Dit is geen gekwalificeerde dienst voor elektronisch aangetekende bezorging (eIDAS)." \
    "This is not a qualified electronic registered delivery service (eIDAS)."
}

tell_signers() {
  plain "$log_key"
  proved "Ondertekend met sleutel $shown" "Signed with key $shown"
  while read -r place kind seconds name; do
    [ "$kind" = 04 ] || continue
    plain "$name"
    moment "$seconds"
    proved "Een onafhankelijke getuige, $shown, heeft het logboek in deze stand gezien op $at." \
      "An independent witness, $shown, has seen the log in this state at $at."
  done < "$work/signers"
  [ -z "$stamped_at" ] || proved \
    "De tijdstempeldienst van het opgegeven certificaat verklaart dat het logboek in deze stand bestond op $stamped_at." \
    "The time-stamping authority of the given certificate states that the log existed in this state at $stamped_at."
}

good_signers() {
  while read -r place kind seconds name; do
    [ "$kind" = 04 ] || continue
    plain "$name"
    good "De handtekening van de getuige $shown is goed." "The signature of the witness $shown is right."
  done < "$work/signers"
}

# ---- the whole ---------------------------------------------------------------------------------------------

# Options are taken; what is left of the arguments are paths, none of which looks like an option.
main() {
  each=no trusted=no authority=no
  clean
  arguments=$#
  while [ "$arguments" -gt 0 ]; do
    argument=$1
    shift
    arguments=$((arguments - 1))
    case $argument in
      --each) each=yes ;;
      --key | --tsa-ca)
        [ "$arguments" -gt 0 ] || usage
        case $argument in --key) trust "$1" ;; *) trust_authority "$1" ;; esac
        shift
        arguments=$((arguments - 1))
        ;;
      --*) usage ;;
      -*) set -- "$@" "./$argument" ;;
      *) set -- "$@" "$argument" ;;
    esac
  done
  [ $# -gt 0 ] || usage
  case $each in yes) check_each "$@" ;; *) check "$@" ;; esac
}

clean() { all_hold=yes checks_nl='' checks_en='' proved_nl='' proved_en='' unproved_nl='' unproved_en=''; }

trust() {
  trusted=yes
  case $1 in
    *+*+*) [ -e "$1" ] || { printf '%s\n' "$1" >> "$work/trusted"; return 0; } ;;
  esac
  [ -f "$1" ] && [ -r "$1" ] && [ "$(wc -c < "$1")" -le "$MAX_PROOF" ] ||
    broken "De sleutel kan niet worden gelezen." "The key cannot be read."
  { cat "$1"; echo; } >> "$work/trusted"
}

trust_authority() {
  authority=yes
  [ -f "$1" ] && [ -r "$1" ] || broken "De sleutel kan niet worden gelezen." "The key cannot be read."
  { cat "$1"; echo; } >> "$work/roots"
}

# check_each DIR...: each in a shell of its own, so that nothing of one is left for the next
check_each() {
  right=0
  for directory do
    plain "$directory"
    printf '== %s\n\n' "$shown"
    set +e
    (set -e; check "$directory")
    [ $? -ne 0 ] || right=$((right + 1))
    set -e
  done
  printf '== %s\n\n%s\n%s\n' "$right / $#" "Pakketten waarvan alles klopt: $right van $#." \
    "Packages of which all is well: $right of $#."
  [ "$right" -eq $# ]
}

# check DIR-or-FILE...: one package. Its parts are put aside; the documents stay as arguments.
check() {
  receipt='' proof='' vkeys='' pdf='' readme='' stamp=''
  paths=$#
  for path do
    if [ -d "$path" ]; then
      for file in "$path"/*; do
        [ ! -f "$file" ] || set -- "$@" "$file"
      done
    elif [ -f "$path" ]; then
      set -- "$@" "$path"
    else
      plain "${path##*/}"
      broken "$shown kan niet worden gelezen." "$shown cannot be read."
    fi
  done
  shift "$paths"
  files=$#
  for file do
    case ${file##*/} in
      receipt.json) once receipt.json "$file" "$receipt"; receipt=$file ;;
      receipt.tlog-proof) once receipt.tlog-proof "$file" "$proof"; proof=$file ;;
      log.vkey) once log.vkey "$file" "$vkeys"; vkeys=$file ;;
      receipt.pdf) once receipt.pdf "$file" "$pdf"; pdf=$file ;;
      README.txt) once README.txt "$file" "$readme"; readme=$file ;;
      checkpoint.tsr) once checkpoint.tsr "$file" "$stamp"; stamp=$file ;;
      *) set -- "$@" "$file" ;;
    esac
  done
  shift "$files"
  check_package
  for file do check_document "$file"; done
  finish
}

check_package() {
  keep receipt.json "$receipt" "$MAX_RECEIPT"
  keep receipt.tlog-proof "$proof" "$MAX_PROOF"
  coded=''
  if [ "$trusted" = yes ]; then
    measure "$work/receipt.json" "$work/receipt.tlog-proof"
    read_keys "$work/trusted"
  else
    keep log.vkey "$vkeys" "$MAX_PROOF"
    measure "$work/receipt.json" "$work/receipt.tlog-proof" "$work/log.vkey"
    read_keys "$work/log.vkey"
  fi
  read_proof
  decode
  make_keys
  take_path
  verify_signatures
  count_signers
  climb
  read_receipt
  [ "$log" = "$origin" ] || not_signed
  [ "$log_index" = "$index" ] || not_included
  plain "$origin"
  log_name=$shown
  good "De handtekening van het logboek $log_name is goed." "The signature of the log $log_name is right."
  good "receipt.json staat in het logboek, op plaats $index van $size (geteld vanaf 0)." \
    "receipt.json is in the log, at place $index of $size (counted from 0)."
  good_signers
  check_stamp
  tell
}

# Without this an old openssl would read as a wrong signature.
case $(openssl pkeyutl -help 2>&1) in
  *-rawin*) ;;
  *) echo "herstelpost-verify.sh: openssl 3.0 or later is needed - openssl 3.0 of nieuwer is nodig" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
main "$@"
