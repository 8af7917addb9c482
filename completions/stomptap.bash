#!/bin/bash

__stomptap_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__stomptap_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__stomptap_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__stomptap_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

# Adds the words that the program has for this place, each quoted so that the shell takes it for nothing but text
__stomptap_add_words() {
    # Without compopt bash would quote them once more
    compopt +o filenames 2>/dev/null || return
    local -r quote="${COMP_WORDS[${COMP_CWORD}]:0:1}"
    local word character quoted
    local -i index
    while IFS='' read -r word; do
        case "${quote}" in
        \'|\")
            # Inside of double quotes nothing keeps it from the history
            [[ "${quote}" = '"' && "${word}" = *'!'* ]] && continue
            quoted=''
            for ((index = 0; index < ${#word}; index++)); do
                character="${word:${index}:1}"
                case "${quote}${character}" in
                "''")
                    quoted+="'\\''"
                    ;;
                '""'|'"$'|'"`'|'"\')
                    quoted+="\\${character}"
                    ;;
                *)
                    quoted+="${character}"
                    ;;
                esac
            done
            ;;
        *)
            printf -v quoted %q "${word}"
            ;;
        esac
        if [[ "${quoted}" = "${cur}"* || "${word}" = "${cur}"* ]]; then
            COMPREPLY+=("${quoted}")
        fi
    done < <(STOMPTAP_COMPLETION=1 __stomptap_custom_complete "${@}")
}

_stomptap() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __stomptap_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    connect|subscribe|publish|request|raw|bench|check|tap|serve|profiles|help)
        # Offer subcommand argument completions
        "_stomptap_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'connect subscribe publish request raw bench check tap serve profiles help' -- "${cur}"))
        ;;
    esac
}

_stomptap_connect() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--keep-going -0 --no-newline --json-body --passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-e --execute -C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(--output -o -F --format --charset --max-shown --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '-e'|'--execute')
        return
        ;;
    '--output'|'-o')
        __stomptap_add_completions -W 'pretty'$'\n''json'$'\n''body'$'\n''raw'$'\n''none'
        return
        ;;
    '-F'|'--format')
        return
        ;;
    '--charset')
        return
        ;;
    '--max-shown')
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac
}

_stomptap_subscribe() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--peek -0 --no-newline --json-body --passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-H --header -C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(-n --count -W --timeout --idle-timeout --ack --prefetch --id --selector --grep --expect --nack-match --exec --record --ready-file --output -o -F --format --charset --max-shown --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '-n'|'--count')
        return
        ;;
    '-W'|'--timeout')
        return
        ;;
    '--idle-timeout')
        return
        ;;
    '--ack')
        return
        ;;
    '--prefetch')
        return
        ;;
    '--id')
        return
        ;;
    '--selector')
        return
        ;;
    '-H'|'--header')
        return
        ;;
    '--grep')
        return
        ;;
    '--expect')
        return
        ;;
    '--nack-match')
        return
        ;;
    '--exec')
        return
        ;;
    '--record')
        __stomptap_add_completions -f
        return
        ;;
    '--ready-file')
        __stomptap_add_completions -f
        return
        ;;
    '--output'|'-o')
        __stomptap_add_completions -W 'pretty'$'\n''json'$'\n''body'$'\n''raw'$'\n''none'
        return
        ;;
    '-F'|'--format')
        return
        ;;
    '--charset')
        return
        ;;
    '--max-shown')
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __stomptap_add_words ---completion subscribe -- positional@0 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    *)
        __stomptap_add_words ---completion subscribe -- positional@1 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    esac
}

_stomptap_publish() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--lines -l -0 --null --template --transaction --gzip --no-content-length --passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-H --header -C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(-f --file -t --content-type --json-lines --speed --count --interval --rate --receipt --skip --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '-f'|'--file')
        __stomptap_add_completions -f
        return
        ;;
    '-t'|'--content-type')
        return
        ;;
    '-H'|'--header')
        return
        ;;
    '--json-lines')
        __stomptap_add_completions -f
        return
        ;;
    '--speed')
        return
        ;;
    '--count')
        return
        ;;
    '--interval')
        return
        ;;
    '--rate')
        return
        ;;
    '--receipt')
        __stomptap_add_completions -W 'auto'$'\n''require'$'\n''none'
        return
        ;;
    '--skip')
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __stomptap_add_words ---completion publish -- positional@0 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    2)
        __stomptap_add_words ---completion publish -- positional@1 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    esac
}

_stomptap_request() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(-0 --no-newline --json-body --passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-H --header --reply-header -C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(--reply --expect -n --count -W --timeout -f --file -t --content-type --output -o -F --format --charset --max-shown --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--reply')
        __stomptap_add_words ---completion request -- --reply "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    '--expect')
        return
        ;;
    '-n'|'--count')
        return
        ;;
    '-W'|'--timeout')
        return
        ;;
    '-f'|'--file')
        __stomptap_add_completions -f
        return
        ;;
    '-t'|'--content-type')
        return
        ;;
    '-H'|'--header')
        return
        ;;
    '--reply-header')
        return
        ;;
    '--output'|'-o')
        __stomptap_add_completions -W 'pretty'$'\n''json'$'\n''body'$'\n''raw'$'\n''none'
        return
        ;;
    '-F'|'--format')
        return
        ;;
    '--charset')
        return
        ;;
    '--max-shown')
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __stomptap_add_words ---completion request -- positional@0 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    2)
        __stomptap_add_words ---completion request -- positional@1 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    esac
}

_stomptap_raw() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--text --echo --sse --connect --escapes -x -0 --no-newline --json-body --passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(--eol --wait -n --count -W --timeout --output -o -F --format --charset --max-shown --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--eol')
        __stomptap_add_completions -W 'lf'$'\n''crlf'
        return
        ;;
    '--wait')
        return
        ;;
    '-n'|'--count')
        return
        ;;
    '-W'|'--timeout')
        return
        ;;
    '--output'|'-o')
        __stomptap_add_completions -W 'pretty'$'\n''json'$'\n''body'$'\n''raw'$'\n''none'
        return
        ;;
    '-F'|'--format')
        return
        ;;
    '--charset')
        return
        ;;
    '--max-shown')
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __stomptap_add_words ---completion raw -- positional@0 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    esac
}

_stomptap_bench() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--receipts --publish-only --subscribe-only --passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-H --header --fail-if --merge -C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(--publishers --subscribers --connections --messages --duration --rate --size --body-file --stamp --warmup --ramp --drain --destinations --delivery --ready-file --json --hdr --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--publishers')
        return
        ;;
    '--subscribers')
        return
        ;;
    '--connections')
        return
        ;;
    '--messages')
        return
        ;;
    '--duration')
        return
        ;;
    '--rate')
        return
        ;;
    '--size')
        return
        ;;
    '--body-file')
        return
        ;;
    '--stamp')
        __stomptap_add_completions -W 'body'$'\n''header'
        return
        ;;
    '-H'|'--header')
        return
        ;;
    '--warmup')
        return
        ;;
    '--ramp')
        return
        ;;
    '--drain')
        return
        ;;
    '--destinations')
        return
        ;;
    '--delivery')
        __stomptap_add_completions -W 'each'$'\n''one'
        return
        ;;
    '--ready-file')
        return
        ;;
    '--json')
        return
        ;;
    '--hdr')
        return
        ;;
    '--fail-if')
        return
        ;;
    '--merge')
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac
}

_stomptap_check() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--passcode-prompt -k --insecure --ws-binary --compress --show-secrets --version -h --help)
    repeating_options=(-H --header -C --connect-header --connect-header-command --http-header --http-header-command)
    non_repeating_options=(--destination --output -o --login --passcode-env --passcode-file --passcode --origin --cookie --virtual-host --stomp-version --heart-beat --connect-timeout --receipt-timeout --settle --reconnect --reconnect-delay --reconnect-max-delay --ca --cert --key --key-passphrase-env --server-name --tls-min --sockjs-transport --proxy --subprotocol --split --max-message --trace-file --pcap --timestamps --color)
    __stomptap_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--destination')
        __stomptap_add_words ---completion check -- --destination "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    '-H'|'--header')
        return
        ;;
    '--output'|'-o')
        __stomptap_add_completions -W 'pretty'$'\n''json'
        return
        ;;
    '--login')
        return
        ;;
    '--passcode-env')
        return
        ;;
    '--passcode-file')
        __stomptap_add_completions -f
        return
        ;;
    '--passcode')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--connect-header-command')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--virtual-host')
        return
        ;;
    '--stomp-version')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--receipt-timeout')
        return
        ;;
    '--settle')
        return
        ;;
    '--reconnect')
        return
        ;;
    '--reconnect-delay')
        return
        ;;
    '--reconnect-max-delay')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--sockjs-transport')
        __stomptap_add_completions -W 'auto'$'\n''websocket'$'\n''xhr-streaming'$'\n''eventsource'$'\n''xhr-polling'
        return
        ;;
    '--proxy')
        return
        ;;
    '--subprotocol')
        return
        ;;
    '--split')
        return
        ;;
    '--max-message')
        return
        ;;
    '--trace-file')
        return
        ;;
    '--pcap')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __stomptap_add_words ---completion check -- positional@0 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    esac
}

_stomptap_tap() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--allow-remote --summary -0 --no-newline --json-body -k --insecure --show-secrets --version -h --help)
    repeating_options=(--listen-name --allow-origin --command --destination --drop --http-header --http-header-command)
    non_repeating_options=(--listen --tls-cert --tls-key --grep --record --ready-file --output -o -F --format --charset --max-shown --delay --jitter --rate --close-after --close-code --refuse --freeze-after --origin --cookie --connect-timeout --ca --cert --key --key-passphrase-env --server-name --tls-min --proxy --max-message --timestamps --color)
    __stomptap_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--listen')
        return
        ;;
    '--listen-name')
        return
        ;;
    '--allow-origin')
        return
        ;;
    '--tls-cert')
        __stomptap_add_completions -f
        return
        ;;
    '--tls-key')
        __stomptap_add_completions -f
        return
        ;;
    '--command')
        return
        ;;
    '--destination')
        return
        ;;
    '--grep')
        return
        ;;
    '--record')
        __stomptap_add_completions -f
        return
        ;;
    '--ready-file')
        __stomptap_add_completions -f
        return
        ;;
    '--output'|'-o')
        __stomptap_add_completions -W 'pretty'$'\n''json'$'\n''body'$'\n''raw'$'\n''none'
        return
        ;;
    '-F'|'--format')
        return
        ;;
    '--charset')
        return
        ;;
    '--max-shown')
        return
        ;;
    '--delay')
        return
        ;;
    '--jitter')
        return
        ;;
    '--rate')
        return
        ;;
    '--drop')
        return
        ;;
    '--close-after')
        return
        ;;
    '--close-code')
        return
        ;;
    '--refuse')
        return
        ;;
    '--freeze-after')
        return
        ;;
    '--http-header')
        return
        ;;
    '--http-header-command')
        return
        ;;
    '--origin')
        return
        ;;
    '--cookie')
        return
        ;;
    '--connect-timeout')
        return
        ;;
    '--ca')
        __stomptap_add_completions -f
        return
        ;;
    '--cert')
        __stomptap_add_completions -f
        return
        ;;
    '--key')
        __stomptap_add_completions -f
        return
        ;;
    '--key-passphrase-env')
        return
        ;;
    '--server-name')
        return
        ;;
    '--tls-min')
        __stomptap_add_completions -W '1.0'$'\n''1.1'$'\n''1.2'$'\n''1.3'
        return
        ;;
    '--proxy')
        return
        ;;
    '--max-message')
        return
        ;;
    '--timestamps')
        __stomptap_add_completions -W 'local'$'\n''utc'$'\n''relative'$'\n''delta'$'\n''none'
        return
        ;;
    '--color')
        __stomptap_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __stomptap_add_words ---completion tap -- positional@0 "${COMP_CWORD}" "$(__stomptap_cursor_index_in_current_word)"
        return
        ;;
    esac
}

_stomptap_serve() {
    repeating_flags=(--verbose -v)
    non_repeating_flags=(--clock --version -h --help)
    repeating_options=(--login -C --connect-header --origin --listen-name --prefix --route --reply --fail)
    non_repeating_options=(--tcp --ws --ws-path --heart-beat --emulate --refuse-handshake --idle-timeout --max-message --container --lose-early-sends --reorder --tls-cert --tls-key)
    __stomptap_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--tcp')
        return
        ;;
    '--ws')
        return
        ;;
    '--ws-path')
        return
        ;;
    '--login')
        return
        ;;
    '-C'|'--connect-header')
        return
        ;;
    '--heart-beat')
        return
        ;;
    '--origin')
        return
        ;;
    '--listen-name')
        return
        ;;
    '--emulate')
        __stomptap_add_completions -W 'standard'$'\n''spring'$'\n''spring-5'$'\n''spring-4'$'\n''rabbitmq'
        return
        ;;
    '--prefix')
        return
        ;;
    '--route')
        return
        ;;
    '--reply')
        return
        ;;
    '--fail')
        return
        ;;
    '--refuse-handshake')
        return
        ;;
    '--idle-timeout')
        return
        ;;
    '--max-message')
        return
        ;;
    '--container')
        __stomptap_add_completions -W 'tomcat'$'\n''jetty'
        return
        ;;
    '--lose-early-sends')
        return
        ;;
    '--reorder')
        return
        ;;
    '--tls-cert')
        __stomptap_add_completions -f
        return
        ;;
    '--tls-key')
        __stomptap_add_completions -f
        return
        ;;
    esac
}

_stomptap_profiles() {
    repeating_flags=()
    non_repeating_flags=(--show-secrets --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __stomptap_offer_flags_options 0
}

_stomptap_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __stomptap_offer_flags_options -1
}

complete -o filenames -F _stomptap stomptap