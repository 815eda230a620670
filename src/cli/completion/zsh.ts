import type { VerbSpec } from '../verb.ts';
import { optionWord, takesNames } from './words.ts';

/** Completion for zsh, with what each verb and option does. */
export function zshCompletion(verbs: readonly VerbSpec[]): string {
  const cases = verbs.map((v) => {
    const options = v.options.map((o) => {
      const { long, says } = optionWord(o);
      return described(long, says);
    });
    const values = v.name === 'completion' ? 'bash zsh fish' : '';
    return `    ${v.name}${v.alias === undefined ? '' : `|${v.alias}`}) options=(${options.join(' ')}) names=${takesNames(v) ? '1' : ''} values=(${values}) ;;\n`;
  });
  return `#compdef virtnet
# zsh completion of virtnet: source <(virtnet completion zsh)
_virtnet() {
  local names=
  local -a verbs options values found
  if (( CURRENT == 2 )); then
    verbs=(${verbs.map((v) => described(v.name, v.summary)).join(' ')})
    _describe verb verbs
    return
  fi
  case $words[2] in
${cases.join('')}  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe option options
    return
  fi
  (( $#values )) && compadd -a values && return
  if [[ -n $names ]]; then
    found=("\${(@f)$($words[1] __names 2>/dev/null)}")
    compadd -a found
  fi
  _files
}
compdef _virtnet virtnet
`;
}

/** `'word:what it does'`, for _describe. */
function described(word: string, says: string): string {
  return `'${`${word}:${says.replaceAll(':', ' -')}`.replaceAll("'", `'\\''`)}'`;
}
