#!/bin/sh
# A private clamd in a directory of its own: clamd.sh DIR [start|stop]
#
# start  returns when one answers on DIR/clamd.sock; at once when one does already. Takes the machine's signature
#        databases (/var/lib/clamav, or HERSTELPOST_SIGNATURES) where there are any, else a tiny database that knows
#        only the EICAR test file, and says so loudly.
# stop   ends the one whose process number is in DIR/clamd.pid, and no other.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin
mkdir -p "${1:?a directory}"
dir=$(cd "$1" && pwd)
socket=$dir/clamd.sock
pid_file=$dir/clamd.pid

fail() { echo "clamd: $1" >&2; exit 1; }

answers() {
  "${PYTHON:-python3}" -c '
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.settimeout(5)
    s.connect(sys.argv[1])
    s.sendall(b"zPING\0")
    sys.exit(s.recv(16).rstrip(b"\0") != b"PONG")' "$socket" 2>/dev/null
}

# A process number outlives its process: only what is called clamd and was given our file is ours.
ours() {
  pid=$(cat "$pid_file" 2>/dev/null) && [ -n "$pid" ] &&
    tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qF "clamd -c $dir/clamd.conf"
}

stop() {
  ours || return 0
  kill "$pid" 2>/dev/null || return 0
  waits=0
  while ours; do
    waits=$((waits + 1))
    [ "$waits" -le 100 ] || fail "process $pid does not stop"
    sleep 0.1
  done
}

databases() {
  machine=${HERSTELPOST_SIGNATURES:-/var/lib/clamav}
  for file in "$machine"/*.cvd "$machine"/*.cld; do
    [ -e "$file" ] && { echo "$machine"; return; }
  done
  mkdir -p "$dir/test-signatures"
  # In hexadecimal, so that no scanner trips over this file.
  echo 'Eicar-Test-Signature:0:*:58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a' \
    > "$dir/test-signatures/eicar.ndb"
  echo "$dir/test-signatures"
}

warn() {
  cat >&2 <<'TEXT'
  ****************************************************************************
  * WARNING: this machine has no ClamAV signatures. Only the EICAR test file *
  * is recognised as malware; real malware would be called clean.            *
  * Before anything real comes in: install and run freshclam, then restart.  *
  ****************************************************************************
TEXT
}

start() {
  [ "${#socket}" -le 107 ] || fail "$socket is too long for a socket; use a shorter directory"
  signatures=$(databases)
  self_check=600
  if [ "$signatures" = "$dir/test-signatures" ]; then
    warn
    self_check=0
  fi
  if answers; then return 0; fi
  command -v clamd >/dev/null || fail 'not installed; on Debian: apt-get install clamav-daemon'
  stop
  mkdir -p "$dir/tmp"
  chmod 700 "$dir" "$dir/tmp"
  # Larger than the gateway's own caps, so that clamd's limits never decide what is looked at; what is over them
  # all the same is an alert, never "clean". SelfCheck picks up what freshclam brings.
  cat > "$dir/clamd.conf" <<CONF
LogFile $dir/clamd.log
LogFileMaxSize 10M
LogRotate yes
LogTime yes
PidFile $pid_file
TemporaryDirectory $dir/tmp
DatabaseDirectory $signatures
LocalSocket $socket
LocalSocketMode 600
FixStaleSocket yes
StreamMaxLength 100M
MaxFileSize 100M
MaxScanSize 400M
MaxRecursion 12
MaxFiles 5000
AlertExceedsMax yes
AlertEncrypted yes
AlertOLE2Macros yes
ScanImageFuzzyHash no
SelfCheck $self_check
CONF
  rm -f "$pid_file"
  # It comes back when the signatures are loaded; its own chatter goes to the log. One that dies without a word was
  # killed by its child's signal "I am ready", which came before it listened: then only the answer counts.
  if ! clamd -c "$dir/clamd.conf" > "$dir/start.log" 2>&1 < /dev/null && [ -s "$dir/start.log" ]; then
    cat "$dir/start.log" >&2
    fail 'did not start'
  fi
  waits=0
  until answers; do
    waits=$((waits + 1))
    [ "$waits" -le 300 ] || { tail -n 5 "$dir/clamd.log" >&2; fail "no answer on $socket"; }
    sleep 0.1
  done
}

case ${2:-start} in
  start) start ;;
  stop) stop ;;
  *) echo 'use: clamd.sh DIR [start|stop]' >&2; exit 2 ;;
esac
