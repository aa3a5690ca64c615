#!/usr/bin/env bash
# The AWS SDK for JavaScript v3, in versions that the lock file names.
set -euo pipefail
work=target/ecosystem-javascript
mkdir -p "$work"
cp tests/ecosystem/javascript/* "$work/"
cd "$work"
if ! cmp -s package-lock.json installed.json; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json installed.json
fi
exec node story.mjs
