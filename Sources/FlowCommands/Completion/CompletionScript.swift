/// What a shell reads to complete command lines of `flow`. The scripts ask the program (`CompleteCommand`), so
/// that they know its commands and options whatever its version.
package enum CompletionScript: String, CaseIterable, Sendable {
  case bash, zsh, fish

  package var text: String {
    switch self {
    case .bash: Self.bashText
    case .zsh: Self.zshText
    case .fish: Self.fishText
    }
  }

  private static let bashText = ##"""
    # bash completion for flow. For all shells of a user:
    #   flow completions bash > ~/.local/share/bash-completion/completions/flow

    _flow() {
      local IFS=$'\n' word= current= prefix= line= i
      local -a words=() lines=()
      COMPREPLY=()
      # To bash "=" and ":" end a word.
      for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]//[\\\'\"]/}
        word=${word/#\~\//$HOME/}
        if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]] &&
          ! [[ $word == '' && ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]]; then
          words[${#words[@]} - 1]+=$word
        else
          words+=("$word")
        fi
        current=$word
      done
      [[ $current == [=:] ]] && current=
      word=${words[${#words[@]} - 1]}
      prefix=${word%"$current"}
      mapfile -t lines < <("${COMP_WORDS[0]/#\~\//$HOME/}" __complete -- "${words[@]}" 2> /dev/null)
      case ${lines[0]-} in
        files)
          compopt -o filenames 2> /dev/null
          [[ $word == --*=* ]] && { word=${word#*=} prefix=${prefix#*=}; }
          for line in $(compgen -f -- "$word"); do COMPREPLY+=("${line#"$prefix"}"); done
          ;;
        words)
          for line in "${lines[@]:1}"; do
            line=${line%%$'\t'*}
            [[ $line == *= ]] && compopt -o nospace 2> /dev/null
            printf -v line %q "${line#"$prefix"}"
            # A comma needs no backslash.
            COMPREPLY+=("${line//\\,/,}")
          done
          ;;
      esac
    }
    complete -F _flow flow

    """##

  private static let zshText = ##"""
    #compdef flow
    # zsh completion for flow. For all shells of a user, with FOLDER in $fpath:
    #   flow completions zsh > FOLDER/_flow

    _flow() {
      local line text
      local -a lines texts meanings more
      lines=("${(@f)$("${(Q)words[1]/#\~\//$HOME/}" __complete -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)}")
      case $lines[1] in
        files)
          [[ $PREFIX == --*=* ]] && compset -P '*='
          _files
          ;;
        words)
          for line in "${(@)lines[2,-1]}"; do
            text=${line%%$'\t'*}
            if [[ $text == *= ]]; then
              more+=("$text")
            else
              texts+=("$text")
              meanings+=("$text${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
            fi
          done
          (( $#texts )) && compadd -V flow -l -d meanings -a texts
          (( $#more )) && compadd -S '' -a more
          ;;
      esac
    }

    if [[ $funcstack[1] == _flow ]]; then
      _flow "$@"
    else
      compdef _flow flow
    fi

    """##

  private static let fishText = ##"""
    # fish completion for flow. For all shells of a user:
    #   flow completions fish > ~/.config/fish/completions/flow.fish

    function __flow_complete
        set -l words (commandline -opc)
        set -l current (commandline -ct)
        set -l lines ($words[1] __complete -- $words[2..] "$current" 2> /dev/null)
        switch "$lines[1]"
            case files
                __fish_complete_path "$current"
            case words
                test (count $lines) -gt 1; and printf '%s\n' $lines[2..]
        end
    end

    complete -c flow -f -a '(__flow_complete)'

    """##
}
