import { takesNames, wordsOf } from './words.ts';
import type { VerbSpec } from '../verb.ts';

/** Completion for bash. Names go through no expansion: a network may be called `$(anything)`. */
export function bashCompletion(verbs: readonly VerbSpec[]): string {
  const cases = verbs.map(
    (v) =>
      `    ${v.name}${v.alias === undefined ? '' : `|${v.alias}`}) options='${wordsOf(v).join(' ')}' names=${takesNames(v) ? '1' : ''} ;;\n`,
  );
  return `# bash completion of virtnet: source <(virtnet completion bash)
_virtnet() {
  local cur=\${COMP_WORDS[COMP_CWORD]} options='--help' names= name
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '${verbs.map((v) => v.name).join(' ')} help --help --version' -- "$cur")
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('')}  esac
  case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur") ;;
    *)
      if [ "\${COMP_WORDS[1]}" = completion ]; then
        mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$cur")
      elif [ -n "$names" ]; then
        while IFS= read -r name; do
          if [[ $name == "$cur"* ]]; then COMPREPLY+=("$(printf %q "$name")"); fi
        done < <("\${COMP_WORDS[0]}" __names 2>/dev/null)
      fi ;;
  esac
}
complete -o default -F _virtnet virtnet
`;
}
