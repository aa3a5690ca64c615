#!/usr/bin/env bash
# The walk of AWS's service model: every operation, and docs/coverage.md.
set -euo pipefail
exec python tests/conformance/walk.py
