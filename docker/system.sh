#!/bin/sh
# Makes sure the machine has the programs that are not Python packages: system.sh run|test
#
# What is already there is left alone, whoever installed it; what is missing is installed on Debian when we are root,
# else named together with the command that installs it (exit 1). No service is started: each run starts its own.
set -eu
set_name=${1:?run or test}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
python=${PYTHON:-python3}
missing=

has() { command -v "$1" >/dev/null 2>&1; }
need() { missing="$missing $*"; }

"$python" -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
# Loading the library is the honest question: a package name says nothing on a machine that is not Debian's own.
"$python" -c 'import ctypes; ctypes.CDLL("libmagic.so.1")' 2>/dev/null || need libmagic1
"$python" -c 'import ctypes; ctypes.CDLL("libarchive.so.13")' 2>/dev/null || need libarchive13
has clamd || need clamav-daemon
has openssl || need openssl
{ has node && has npm; } || need nodejs npm
if [ "$set_name" = test ]; then
  { has dovecot && [ -e /usr/lib/dovecot/imap ]; } || need dovecot-core dovecot-imapd
  [ -x /usr/lib/postgresql/15/bin/initdb ] || has initdb || need postgresql
  has postfix || need postfix
  has chromium || need chromium
  has pdftotext || need poppler-utils
  has cc || need gcc libc6-dev
  has strace || need strace
  [ -e /usr/lib/libreoffice/program/soffice.bin ] || need libreoffice-writer-nogui libreoffice-calc-nogui
fi
[ -n "$missing" ] || exit 0

install="apt-get install -q -y --no-install-recommends ca-certificates$missing"
if [ "$(id -u)" != 0 ] || ! has apt-get; then
  echo "These packages (Debian's names) are missing:$missing" >&2
  echo "Install them, then try again:  sudo apt-get install --no-install-recommends$missing" >&2
  exit 1
fi
echo "Installing the missing packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# invoke-rc.d asks this program first; 101 means "do not start". An organisation's own one is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod +x $policy
fi
# PostgreSQL's package would make a cluster of its own that nobody uses.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
fi
apt-get -q -o Acquire::Retries=3 update
# shellcheck disable=SC2086  # the list is ours, and has to fall apart into words
$install -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold
