#!/bin/sh
# Installs Debian's Slurm for the tests, without starting its daemons; `make test-slurm` calls it where there is none.
set -eu
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "Found no Slurm. On Debian or Ubuntu, as root, make test-slurm would install the packages slurm-wlm and munge."
    exit 1
fi
echo "== Installing Debian's packages slurm-wlm and munge, which stay; apt-get purge slurm-wlm munge removes them"
# While this policy stands, nothing that is installed is started.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
