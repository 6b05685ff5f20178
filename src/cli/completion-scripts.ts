// The scripts with which shells complete command lines. Each asks the program for candidates, and offers files where there are none.

export const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const BASH = `# bash completion for strongroom: source <(strongroom completion bash)
_strongroom() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" completion --candidates -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _strongroom strongroom`

const ZSH = `#compdef strongroom
# zsh completion for strongroom: source <(strongroom completion zsh), or the file _strongroom in $fpath
_strongroom() {
  local line
  local -a candidates
  while IFS= read -r line; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" completion --candidates -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe -V strongroom candidates
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = _strongroom ]; then
  _strongroom "$@"
else
  compdef _strongroom strongroom
fi`

const FISH = `# fish completion for strongroom: strongroom completion fish | source
function __strongroom_candidates
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] completion --candidates -- $words[2..-1] 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c strongroom -f -a '(__strongroom_candidates)'`

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
