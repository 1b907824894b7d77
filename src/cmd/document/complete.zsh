#compdef @PROGRAM@
# SPDX-License-Identifier: Apache-2.0
# Completion of @PROGRAM@ for zsh, made from the program's tables of verbs and options.

_@FUNCTION@_names()
{
	names=(${(f)"$(${(Q)program} $root @LIST@ 2>/dev/null)"})
}

# What may stand in one place: kinds of things, and words.
_@FUNCTION@_any()
{
	local -a names expl
	local kind found=1
	for kind; do
		case $kind in
		(containers) _@FUNCTION@_names; _wanted containers expl container compadd -a names && found=0 ;;
		(container-paths)
			_@FUNCTION@_names
			_wanted containers expl container compadd -S '' -- ${^names}: && found=0 ;;
		(files) _files && found=0 ;;
		(directories) _directories && found=0 ;;
		(commands) _command_names -e && found=0 ;;
		(*) _wanted words expl word compadd -- $kind && found=0 ;;
		esac
	done
	return found
}

@TABLES@

_@FUNCTION@()
{
	local curcontext=$curcontext state state_descr line program=$words[1]
	local -a root
	local -A opt_args
	_@FUNCTION@_global
}

_@FUNCTION@ "$@"
