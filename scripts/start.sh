#!/bin/sh
# The main job: sets up what is missing, then shows one network live in a sandbox. `npm start -- FILE.xml` takes another document.
set -eu
here=$(dirname "$0")
sh "$here/setup.sh" run
exec "$here/../bin/virtnet" demo "$@"
