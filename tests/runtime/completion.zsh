# SPDX-License-Identifier: Apache-2.0
# completion.zsh DIRECTORY LINE: type the line and two tabs at an interactive zsh; print what its terminal shows then.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= TERM=dumb; stty -echo columns 200; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D
setopt list_ambiguous no_auto_menu no_list_beep; bindkey '^I' complete-word
answer() { compadd() { builtin compadd \"\$@\" }; }
zle -N finish; finish() { print -r -- \"<\$BUFFER>\"; print END; BUFFER=; zle .accept-line }; bindkey '^X^F' finish; print READY"
zpty -r shell text '*READY*READY*' 2>/dev/null || zpty -r shell text '*READY*'
zpty -w -n shell "$2"$'\t\t\x18\x06'
zpty -r shell text '*END*'
print -r -- "$text" | tr -d '\r'
zpty -d shell
