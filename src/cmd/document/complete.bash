# SPDX-License-Identifier: Apache-2.0
# Completion of @PROGRAM@ for bash, made from the program's tables of verbs and options.

_@FUNCTION@_words()
{
	COMPREPLY+=($(compgen -W "$*" -- "$current"))
}

_@FUNCTION@_files()
{
	local IFS=$'\n'
	compopt -o filenames 2>/dev/null
	COMPREPLY+=($(compgen -f -- "$current"))
}

_@FUNCTION@_directories()
{
	local IFS=$'\n'
	compopt -o filenames 2>/dev/null
	COMPREPLY+=($(compgen -d -- "$current"))
}

_@FUNCTION@_commands()
{
	COMPREPLY+=($(compgen -c -- "$current"))
}

_@FUNCTION@_containers()
{
	_@FUNCTION@_words $("${COMP_WORDS[0]}" "${root[@]}" @LIST@ 2>/dev/null)
}

_@FUNCTION@_container_paths()
{
	local name
	for name in $("${COMP_WORDS[0]}" "${root[@]}" @LIST@ 2>/dev/null); do
		[[ $name: != "$current"* ]] || COMPREPLY+=("$name:")
	done
	compopt -o nospace 2>/dev/null
}

@TABLES@

_@FUNCTION@()
{
	local current=${COMP_WORDS[COMP_CWORD]} verb= option= place=0 ended= root=() index word
	COMPREPLY=()
	for ((index = 1; index < COMP_CWORD; index++)); do
		word=${COMP_WORDS[index]}
		if [[ -n $option ]]; then
			# bash gives "=" as a word of its own
			[[ $word == = ]] && continue
			[[ $verb$option == --root ]] && root=(--root "$word")
			option=
		elif [[ -z $ended && $word == -- ]]; then
			ended=yes
		elif [[ -z $ended && $word == -?* ]]; then
			if _@FUNCTION@_takes_value "$verb $word" || [[ ${COMP_WORDS[index + 1]} == = ]]; then
				option=$word
			fi
		elif [[ -z $verb ]]; then
			verb=$word
		else
			((place++))
			_@FUNCTION@_mixed "$verb" || ended=yes
		fi
	done
	[[ $current != = ]] || current=
	if [[ -n $option ]]; then
		_@FUNCTION@_values "$verb $option"
	elif [[ -z $ended && $current == -* ]]; then
		_@FUNCTION@_words $(_@FUNCTION@_options "$verb")
	else
		_@FUNCTION@_operands "$verb $place"
	fi
}

complete -F _@FUNCTION@ @PROGRAM@
