#!/usr/bin/env bash
# Installs tempest from Debian where it is missing, then runs test/conformance/run.ts with the same arguments.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v tempest >/dev/null; then
  echo "installing tempest ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends tempest python3-openstackclient openssh-client >/dev/null
fi
# The plugin of orchestration is a package of its own.
if [[ ${LIST:-} == *orchestration* ]] && ! /usr/bin/python3 -c "import gabbi, heat_tempest_plugin" 2>/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends heat-tempest-plugin python3-gabbi >/dev/null
fi
exec node_modules/node-linux-*/bin/node --disable-warning=ExperimentalWarning test/conformance/run.ts ${LIST:+--list "$LIST"} "$@"
