# Sourced in the project's folder.

# Whether dist/ has the programs, made from the sources as they are.
bundles_are_fresh() {
  [ -e dist/.bundled ] && [ -z "$(find src scripts/build.mjs package-lock.json -newer dist/.bundled 2>/dev/null | head -n 1)" ]
}
