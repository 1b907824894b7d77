# SPDX-License-Identifier: Apache-2.0
# Completion of @PROGRAM@ for fish, made from the program's tables of verbs and options.

# Four lines: the verb, the number of operands before the cursor, whether options have ended, and --root.
function __@FUNCTION@_state
    set -l words (commandline -opc)
    set -l verb ''
    set -l place 0
    set -l ended no
    set -l option ''
    set -l root ''
    for word in $words[2..-1]
        if test -n "$option"
            test "$verb$option" = --root; and set root $word
            set option ''
        else if test $ended = no; and string match -q -- '-?*' $word
            if test "x$word" = x--
                set ended yes
            else if contains -- "$verb $word" $__@FUNCTION@_valued
                set option $word
            else if string match -q -- '--root=*' $word; and test -z "$verb"
                set root (string replace -- '--root=' '' $word)
            end
        else if test -z "$verb"
            set verb $word
        else
            set place (math $place + 1)
            contains -- $verb $__@FUNCTION@_mixed; or set ended yes
        end
    end
    printf '%s\n' "$verb" $place $ended "$root"
end

function __@FUNCTION@_options
    set -l state (__@FUNCTION@_state)
    test "$state[1]" = "$argv[1]"; and test $state[3] = no
end

function __@FUNCTION@_place
    set -l state (__@FUNCTION@_state)
    test "$state[1]" = "$argv[1]"; or return 1
    test $state[2] -eq $argv[2]; or begin
        test (count $argv) -gt 2; and test $state[2] -gt $argv[2]
    end
end

function __@FUNCTION@_containers
    set -l words (commandline -opc)
    set -l state (__@FUNCTION@_state)
    set -l root
    test -n "$state[4]"; and set root --root $state[4]
    $words[1] $root @LIST@ 2>/dev/null
end

@TABLES@
