function __stomptap_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __stomptap_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __stomptap_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __stomptap_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __stomptap_parse_tokens -S
    set -l unparsed_tokens (__stomptap_tokens -pc)
    switch $unparsed_tokens[1]
    case 'stomptap'
        __stomptap_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'connect'
            __stomptap_parse_subcommand 1 'e/execute=+' 'keep-going' 'o/output=' 'F/format=' '0' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'subscribe'
            __stomptap_parse_subcommand -r 2 'n/count=' 'W/timeout=' 'idle-timeout=' 'ack=' 'prefetch=' 'peek' 'id=' 'selector=' 'H/header=+' 'grep=' 'expect=' 'nack-match=' 'exec=' 'record=' 'ready-file=' 'o/output=' 'F/format=' '0' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'publish'
            __stomptap_parse_subcommand 3 'f/file=' 't/content-type=' 'H/header=+' 'l/lines' '0/null' 'json-lines=' 'speed=' 'count=' 'template' 'interval=' 'rate=' 'receipt=' 'transaction' 'no-content-length' 'skip=' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'request'
            __stomptap_parse_subcommand 3 'reply=' 'expect=' 'n/count=' 'W/timeout=' 'f/file=' 't/content-type=' 'H/header=+' 'reply-header=+' 'o/output=' 'F/format=' '0' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'raw'
            __stomptap_parse_subcommand 2 'text' 'echo' 'sse' 'connect' 'escapes' 'eol=' 'x' 'wait=' 'n/count=' 'W/timeout=' 'o/output=' 'F/format=' '0' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'bench'
            __stomptap_parse_subcommand 2 'publishers=' 'subscribers=' 'connections=' 'messages=' 'duration=' 'rate=' 'size=' 'body-file=' 'stamp=' 'H/header=+' 'warmup=' 'ramp=' 'drain=' 'receipts' 'destinations=' 'delivery=' 'publish-only' 'subscribe-only' 'ready-file=' 'json=' 'hdr=' 'fail-if=+' 'merge=+' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'check'
            __stomptap_parse_subcommand 1 'destination=' 'H/header=+' 'o/output=' 'login=' 'passcode-env=' 'passcode-file=' 'passcode-prompt' 'passcode=' 'C/connect-header=+' 'http-header=+' 'origin=' 'cookie=' 'virtual-host=' 'stomp-version=' 'heart-beat=' 'connect-timeout=' 'receipt-timeout=' 'settle=' 'reconnect=' 'reconnect-delay=' 'reconnect-max-delay=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'sockjs-transport=' 'proxy=' 'subprotocol=' 'ws-binary' 'split=' 'compress' 'max-message=' 'v/verbose' 'trace-file=' 'pcap=' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'tap'
            __stomptap_parse_subcommand 1 'listen=' 'allow-remote' 'listen-name=+' 'allow-origin=+' 'tls-cert=' 'tls-key=' 'command=+' 'destination=+' 'grep=' 'record=' 'summary' 'ready-file=' 'o/output=' 'F/format=' '0' 'delay=' 'jitter=' 'rate=' 'drop=+' 'close-after=' 'close-code=' 'refuse=' 'freeze-after=' 'http-header=+' 'origin=' 'cookie=' 'connect-timeout=' 'ca=' 'cert=' 'key=' 'key-passphrase-env=' 'server-name=' 'tls-min=' 'k/insecure' 'proxy=' 'max-message=' 'v/verbose' 'show-secrets' 'timestamps=' 'color=' 'version' 'h/help'
        case 'serve'
            __stomptap_parse_subcommand 0 'tcp=' 'ws=' 'ws-path=' 'login=+' 'C/connect-header=+' 'heart-beat=' 'origin=+' 'listen-name=+' 'emulate=' 'prefix=+' 'route=+' 'tls-cert=' 'tls-key=' 'clock' 'v/verbose' 'version' 'h/help'
        case 'profiles'
            __stomptap_parse_subcommand 0 'show-secrets' 'version' 'h/help'
        case 'help'
            __stomptap_parse_subcommand -r 1 'version'
        end
    end
end

function __stomptap_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __stomptap_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __stomptap_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __stomptap_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__stomptap_tokens -p)
    if test -z "$(__stomptap_tokens -t)"
        set -l index (count (__stomptap_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'stomptap' -f
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'connect' -d 'Open a session and a prompt, or run a script of its lines.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'subscribe' -d 'Tail destinations.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'publish' -d 'Send messages.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'request' -d 'Send a message, and print what comes back.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'raw' -d 'Send hand-written frames or WebSocket messages, tail server-sent events.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'bench' -d 'Measure load, throughput and latency.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'check' -d 'Walk every layer to a session, and say what to mend.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'tap' -d 'Stand between an app and its server, and print every frame of both.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'serve' -d 'Run the embedded broker, for trying out, mocks and tests.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'profiles' -d 'List the profiles: servers with their options, under a name.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect"' -s 'e' -l 'execute' -d 'Run these lines and end; \'; \' ends a line outside of quotes and braces. Repeatable; stdin is not read.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" keep-going' -l 'keep-going' -d 'Go on after a line of a script that failed; the exit status is still that of the first failure.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" o output' -l 'output' -s 'o' -d 'How messages are printed: pretty for people, json an object a line, body, raw octets, none.' -rfka 'pretty json body raw none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" F format' -s 'F' -l 'format' -d 'Print each message by a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %c command, %w which way; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" 0' -s '0' -d 'End each message of -o body and -F with NUL rather than a line end.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap connect" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap subscribe" -eq 1' -fka '(__stomptap_custom_completion ---completion subscribe -- positional@0 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap subscribe" -ge 2' -fka '(__stomptap_custom_completion ---completion subscribe -- positional@1 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" count n' -s 'n' -l 'count' -d 'Stop after this many messages.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" W timeout' -s 'W' -l 'timeout' -d 'Stop after this long; with -n, too few messages by then are status 75, and without a session then it is 75 or 69.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" idle-timeout' -l 'idle-timeout' -d 'Stop after this long without a message.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" ack' -l 'ack' -d 'The \'ack\' header of SUBSCRIBE: auto, client, client-individual. A message is acknowledged after its output was written (default: client-individual where each message goes to one receiver, such as /queue/, else auto).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" prefetch' -l 'prefetch' -d 'How many unacknowledged messages RabbitMQ and ActiveMQ send ahead; other servers may send more. Goes with --ack client and client-individual (default: 100, at most -n; no limit with --grep, --expect and --peek).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" peek' -l 'peek' -d 'Print the messages of a queue and leave them all there. ActiveMQ ends after the last one; other servers mark what was sent as redelivered.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" id' -l 'id' -d 'The \'id\' header of SUBSCRIBE (default: sub-0, sub-1, ...).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" selector' -l 'selector' -d 'The \'selector\' header of SUBSCRIBE, where the server has selectors.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe"' -s 'H' -l 'header' -d 'Header on SUBSCRIBE; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" grep' -l 'grep' -d 'Print only messages whose body matches; only these are counted by -n. In a queue all others stay.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" expect' -l 'expect' -d 'End with 0 at the first printed body that matches; ending without one is status 1. In a queue all others stay.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" nack-match' -l 'nack-match' -d 'Answer messages whose body matches with NACK instead of ACK; goes with a queue or --ack client or client-individual, from STOMP 1.1 on.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" exec' -l 'exec' -d 'Run this for each printed message by /bin/sh -c, one at a time: the body on its stdin, the headers of MESSAGE in STOMP_DESTINATION, STOMP_MESSAGE_ID and so on. Where it fails, a message that is to be acknowledged is answered with NACK; RabbitMQ delivers it again at once.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" record' -l 'record' -d 'Append what is printed to this file as well, as -o json has it; \'publish --json-lines\' sends it again.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" ready-file' -l 'ready-file' -d 'Create this file once the subscription stands.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" o output' -l 'output' -s 'o' -d 'How messages are printed: pretty for people, json an object a line, body, raw octets, none.' -rfka 'pretty json body raw none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" F format' -s 'F' -l 'format' -d 'Print each message by a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %c command, %w which way; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" 0' -s '0' -d 'End each message of -o body and -F with NUL rather than a line end.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap subscribe" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap publish" -eq 1' -fka '(__stomptap_custom_completion ---completion publish -- positional@0 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap publish" -eq 2' -fka '(__stomptap_custom_completion ---completion publish -- positional@1 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" f file' -s 'f' -l 'file' -d 'Take the body from this file; - is stdin.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" content-type t' -s 't' -l 'content-type' -d 'The \'content-type\' header of SEND (default: application/json, text/plain or application/octet-stream, by the body; \'\' is none; json is application/json).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish"' -s 'H' -l 'header' -d 'Header on SEND; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" l lines' -l 'lines' -s 'l' -d 'Send a message for each line.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" 0 null' -s '0' -l 'null' -d 'Send a message for each NUL-terminated piece.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" json-lines' -l 'json-lines' -d 'Send the messages that \'subscribe --record\', \'tap --record\' or -o json wrote to this file, with the headers they were sent with; of a tap\'s, what the apps sent; - is stdin.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" speed' -l 'speed' -d 'Send what --json-lines reads in its own time: 1 as recorded, 2 twice as fast (default: 0, at once).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" count' -l 'count' -d 'Send the body this many times.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" template' -l 'template' -d 'Expand {{count}}, {{time}} and so on in the destination, the body and the headers of SEND.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" interval' -l 'interval' -d 'Send messages no nearer to each other than this.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" rate' -l 'rate' -d 'Send this many messages a second, or a minute, evenly; delays of up to a second are made up for.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" receipt' -l 'receipt' -d 'Receipts of SEND: auto for every 1000th message, the last, and each that goes as a binary WebSocket message; require for each; none.' -rfka 'auto require none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" transaction' -l 'transaction' -d 'Send everything in one transaction: all or nothing.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" no-content-length' -l 'no-content-length' -d 'Send no \'content-length\' header; ActiveMQ then delivers text.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" skip' -l 'skip' -d 'Leave the first messages out: they were confirmed by an earlier run.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap publish" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap request" -eq 1' -fka '(__stomptap_custom_completion ---completion request -- positional@0 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap request" -eq 2' -fka '(__stomptap_custom_completion ---completion request -- positional@1 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" reply' -l 'reply' -d 'Where the reply comes.' -rfka '(__stomptap_custom_completion ---completion request -- --reply (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" expect' -l 'expect' -d 'Wait for a reply whose body matches.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" count n' -s 'n' -l 'count' -d 'Wait for this many replies.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" W timeout' -s 'W' -l 'timeout' -d 'How long to wait for replies once the message has gone (default: 5s); if given, also how long to connect.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" f file' -s 'f' -l 'file' -d 'Take the body from this file; - is stdin.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" content-type t' -s 't' -l 'content-type' -d 'The \'content-type\' header of SEND (default: application/json, text/plain or application/octet-stream, by the body; \'\' is none; json is application/json).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request"' -s 'H' -l 'header' -d 'Header on SEND; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request"' -l 'reply-header' -d 'Header on the SUBSCRIBE to --reply; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" o output' -l 'output' -s 'o' -d 'How messages are printed: pretty for people, json an object a line, body, raw octets, none.' -rfka 'pretty json body raw none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" F format' -s 'F' -l 'format' -d 'Print each message by a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %c command, %w which way; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" 0' -s '0' -d 'End each message of -o body and -F with NUL rather than a line end.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap request" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap raw" -eq 1' -fka '(__stomptap_custom_completion ---completion raw -- positional@0 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" text' -l 'text' -d 'Plain WebSocket: each line is a message. No subprotocol is offered unless --subprotocol names one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" echo' -l 'echo' -d 'Plain WebSocket: send each message back as it came, until the server closes.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" sse' -l 'sse' -d 'Server-sent events at an http:// or https:// URL; a stream that ends is asked for anew, with Last-Event-ID.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" connect' -l 'connect' -d 'Make the STOMP handshake first: CONNECT as the options say, without heart-beats of ours.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" escapes' -l 'escapes' -d 'Understand \\r, \\n, \\t, \\0, \\\\ and \\xNN inside lines.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" eol' -l 'eol' -d 'How the lines of a frame\'s head end: lf, crlf.' -rfka 'lf crlf'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" x' -s 'x' -d 'Add a hex dump.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" wait' -l 'wait' -d 'How long to listen after the input has ended (default: 2s; with -W, as long as that).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" count n' -s 'n' -l 'count' -d 'Stop after this many frames or messages have come.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" W timeout' -s 'W' -l 'timeout' -d 'Stop after this long, connecting included; with -n, too little by then is status 75, and without a connection it is 75 or 69.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" o output' -l 'output' -s 'o' -d 'How messages are printed: pretty for people, json an object a line, body, raw octets, none.' -rfka 'pretty json body raw none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" F format' -s 'F' -l 'format' -d 'Print each message by a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %c command, %w which way; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" 0' -s '0' -d 'End each message of -o body and -F with NUL rather than a line end.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap raw" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" publishers' -l 'publishers' -d 'Connections that send.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" subscribers' -l 'subscribers' -d 'Connections that receive, each on all destinations.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" connections' -l 'connections' -d 'Further subscribed connections, each on one destination: what comes is counted, and not timed (default: 0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" messages' -l 'messages' -d 'How many messages all publishers together send.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" duration' -l 'duration' -d 'How long to send (default: 10s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" rate' -l 'rate' -d 'Messages a second of all publishers together, such as 500/s or 20k/s; latency then counts from when a message was due (default: as fast as the server takes them).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" size' -l 'size' -d 'Octets of each body (default: 256).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" body-file' -l 'body-file' -d 'Take the body from this file; the stamp then goes into a header.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" stamp' -l 'stamp' -d 'Where a message carries its number and its due time: its body\'s first 48 octets, or the header stomptap-stamp (default: body).' -rfka 'body header'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench"' -s 'H' -l 'header' -d 'Header on SEND; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" warmup' -l 'warmup' -d 'Send for this long before anything counts (default: 0s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" ramp' -l 'ramp' -d 'Open the connections over this long, and let --rate rise from nothing for as long (default: 0s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" drain' -l 'drain' -d 'At the end, wait for what is missing until nothing new has come for this long (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" receipts' -l 'receipts' -d 'Ask for a receipt of each message, and time it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" destinations' -l 'destinations' -d 'How many destinations the publishers take in turn; {i} in the name is the number, or .{i} behind it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" delivery' -l 'delivery' -d 'Who gets a message: each subscriber, or one of them (default: one under /queue/ and /amq/queue/, else each).' -rfka 'each one'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" publish-only' -l 'publish-only' -d 'Only send; another process subscribes with --subscribe-only.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" subscribe-only' -l 'subscribe-only' -d 'Only receive, what other processes send with --publish-only, until --publishers of them have said that they are done.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" ready-file' -l 'ready-file' -d 'Create this file once all subscriptions stand.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" json' -l 'json' -d 'Write the figures to this file as JSON; - is stdout, without the table.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" hdr' -l 'hdr' -d 'Write the latencies to this file as a HdrHistogram log, a line each second.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench"' -l 'fail-if' -d 'End with status 1 where this holds, such as \'p99>50ms\'; repeatable: p50 p90 p99 p99.9 max mean rate lost duplicated outOfOrder errors.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench"' -l 'merge' -d 'Add up the logs of other runs, which --hdr wrote, instead of measuring.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap bench" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap check" -eq 1' -fka '(__stomptap_custom_completion ---completion check -- positional@0 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" destination' -l 'destination' -d 'Send a message to this destination and wait for it to come back there.' -rfka '(__stomptap_custom_completion ---completion check -- --destination (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check"' -s 'H' -l 'header' -d 'Header on SUBSCRIBE and SEND of the echo; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" o output' -l 'output' -s 'o' -d 'pretty for people, json an object a line.' -rfka 'pretty json'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" login' -l 'login' -d 'Login, in CONNECT.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" passcode-env' -l 'passcode-env' -d 'Take the passcode from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" passcode-file' -l 'passcode-file' -d 'Take the passcode from the first line of this file.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" passcode-prompt' -l 'passcode-prompt' -d 'Ask for the passcode on the terminal.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" passcode' -l 'passcode' -d 'Passcode, in CONNECT. Everybody on this machine can read it in the output of \'ps\': prefer one of the others.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check"' -s 'C' -l 'connect-header' -d 'Header on CONNECT; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" virtual-host' -l 'virtual-host' -d 'The \'host\' header of CONNECT (default: the URL\'s host name; RabbitMQ wants /).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" stomp-version' -l 'stomp-version' -d 'STOMP versions to accept, in CONNECT (default: 1.2,1.1,1.0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds, in CONNECT: how often we send, how often the server should; 0 is never (default: 10000,10000; for \'publish\' and \'raw\' 0,10000, for \'check\' 1000,1000, for \'bench\' 0,0).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" connect-timeout' -l 'connect-timeout' -d 'One deadline for the whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" receipt-timeout' -l 'receipt-timeout' -d 'For each receipt, the goodbye, and a write that makes no progress (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" settle' -l 'settle' -d 'Where the server answers no receipts (Spring), a subscription counts as standing after this long (default: 100ms).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" reconnect' -l 'reconnect' -d 'When the connection is lost: never, a number of attempts, or forever; where it is given, also when there was none yet (default: forever at the prompt of \'connect\' and for \'subscribe\' without -n, never elsewhere).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" reconnect-delay' -l 'reconnect-delay' -d 'The wait before the second attempt; it doubles from then on (default: 1s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" reconnect-max-delay' -l 'reconnect-max-delay' -d 'The longest wait between attempts (default: 30s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" sockjs-transport' -l 'sockjs-transport' -d 'How SockJS travels at an http:// endpoint: websocket, xhr-streaming, eventsource, xhr-polling; auto tries them in this order.' -rfka 'auto websocket xhr-streaming eventsource xhr-polling'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" subprotocol' -l 'subprotocol' -d 'WebSocket subprotocols to offer, with commas between (default: v12.stomp,v11.stomp,v10.stomp).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" ws-binary' -l 'ws-binary' -d 'Send binary WebSocket messages. A frame that is no UTF-8 always goes as one.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" split' -l 'split' -d 'Send each frame in WebSocket messages of at most this size (Tomcat takes 16 KiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" compress' -l 'compress' -d 'Offer to compress WebSocket messages (permessage-deflate).'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" max-message' -l 'max-message' -d 'The largest message or frame to take (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check"' -l 'verbose' -s 'v' -d 'Show on stderr: -v STOMP frames both ways; -vv also HTTP, WebSocket control frames, SockJS, heart-beats, TLS; -vvv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" trace-file' -l 'trace-file' -d 'Write all that -vvv shows to this file, as JSON, an object a line: time, connection, direction, layer, level, event, size, data, dataEncoding.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" pcap' -l 'pcap' -d 'Write the session to this file as Wireshark opens it, without TLS around it. It holds secrets: it wants --show-secrets.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap check" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_positional "stomptap tap" -eq 1' -fka '(__stomptap_custom_completion ---completion tap -- positional@0 (count (__stomptap_tokens -pc)) (__stomptap_tokens -tC))'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" listen' -l 'listen' -d 'Where apps connect; port 0 picks one.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" allow-remote' -l 'allow-remote' -d 'Listen also where other machines can connect.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'listen-name' -d 'Also pass on HTTP requests for this host name; repeatable (always: IP addresses, localhost, this machine\'s name, host.docker.internal; others get 421).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'allow-origin' -d 'With --cookie, --http-header, --origin or --cert, also pass on requests of web pages of this origin, * for all; repeatable (always: pages of localhost, the tap and the server; others get 403).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" tls-cert' -l 'tls-cert' -d 'Speak TLS on all listeners, with this certificate: PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" tls-key' -l 'tls-key' -d 'The key of --tls-cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'command' -d 'Print only frames with these commands, commas between; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'destination' -d 'Print only frames with such a destination: * is any text, / and . too, ? any character; commas part several; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" grep' -l 'grep' -d 'Print only frames and messages whose body matches.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" record' -l 'record' -d 'Append everything that passes to this file, as -o json has it, whatever is printed; \'publish --json-lines\' sends again what the apps sent.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" summary' -l 'summary' -d 'At the end, tell on stderr for each connection and destination: frames, octets, heart-beats, and how long receipts took.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" ready-file' -l 'ready-file' -d 'Create this file once it listens.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" o output' -l 'output' -s 'o' -d 'How messages are printed: pretty for people, json an object a line, body, raw octets, none.' -rfka 'pretty json body raw none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" F format' -s 'F' -l 'format' -d 'Print each message by a template: %d destination, %b body, %x body in hex, %l size, %j and %J JSON, %t time, %I ISO 8601, %U epoch, %s subscription, %i message-id, %{name} any header, %c command, %w which way; with tap %n connection and %a app; %%, \\n \\t \\0 \\\\.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" 0' -s '0' -d 'End each message of -o body and -F with NUL rather than a line end.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" delay' -l 'delay' -d 'Hold everything for so long, each way.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" jitter' -l 'jitter' -d 'Hold everything for up to so long besides, by chance; the order stays.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" rate' -l 'rate' -d 'Let no more than this pass, each way of each connection.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'drop' -d 'Lose heart-beats, or messages: MESSAGE and SEND frames, all of them or those whose body matches; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" close-after' -l 'close-after' -d 'Close each connection behind so many frames, both ways together, or after so long.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" close-code' -l 'close-code' -d 'The close code that both sides are told by --close-after (default: none, the connection breaks off).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" refuse' -l 'refuse' -d 'Refuse this share of the connections, by chance.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" freeze-after' -l 'freeze-after' -d 'Let nothing more pass on a connection after so long, and close nothing.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'http-header' -d 'Header on the HTTP requests of WebSocket and SockJS; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" origin' -l 'origin' -d 'Origin of the HTTP requests, as a browser\'s page would have it.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" cookie' -l 'cookie' -d 'Cookie of the HTTP requests.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" connect-timeout' -l 'connect-timeout' -d 'How long a connection to the server may take: name, TCP, TLS (default: 5s).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" ca' -l 'ca' -d 'Trust these certificates in place of the system\'s: a file (PEM or PKCS#12), or a folder of them.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" cert' -l 'cert' -d 'The client\'s certificate, PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" key' -l 'key' -d 'The key of --cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" key-passphrase-env' -l 'key-passphrase-env' -d 'Take the passphrase of --key or --cert from this environment variable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" server-name' -l 'server-name' -d 'The name to ask for and to find in the server\'s certificate (default: the URL\'s host).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" tls-min' -l 'tls-min' -d 'The least version of TLS to take: 1.0, 1.1, 1.2, 1.3.' -rfka '1.0 1.1 1.2 1.3'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" insecure k' -s 'k' -l 'insecure' -d 'Talk to a server whose certificate cannot be verified, with a warning each time.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" proxy' -l 'proxy' -d 'HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" max-message' -l 'max-message' -d 'The largest message or frame to take apart; a larger one passes, and nothing behind it is taken apart (default: 16MiB).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap"' -l 'verbose' -s 'v' -d 'Show on stderr what passes below the messages: HTTP, WebSocket control frames, SockJS, heart-beats; -vv also hex.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" timestamps' -l 'timestamps' -d 'How times are shown.' -rfka 'local utc relative delta none'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" color' -l 'color' -d 'Whether to use colours; NO_COLOR is honoured.' -rfka 'auto always never'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap tap" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" tcp' -l 'tcp' -d 'Listen for STOMP over TCP (127.0.0.1:61613; port 0 picks one).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" ws' -l 'ws' -d 'Listen for STOMP over WebSocket (127.0.0.1:15674; port 0 picks one).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" ws-path' -l 'ws-path' -d 'The path of the WebSocket, and of SockJS.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -l 'login' -d 'Let only these log in; repeatable (default: anyone).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -s 'C' -l 'connect-header' -d 'Refuse a CONNECT without this header, as an interceptor of Spring\'s would; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" heart-beat' -l 'heart-beat' -d 'Heart-beats in milliseconds: how often we send, how often a client should (default: 10000,10000).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -l 'origin' -d 'Serve only web pages of this origin, * for all; others get 403; repeatable (default: pages of localhost, of loopback addresses and of the host they connect to, at any port).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -l 'listen-name' -d 'Also serve HTTP requests for this host name; repeatable (always: IP addresses, localhost, this machine\'s name, host.docker.internal; others get 421).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" emulate' -l 'emulate' -d 'Behave as this server does, quirks included: standard is by the book.' -rfka 'standard spring rabbitmq'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -l 'prefix' -d 'With --emulate spring: destinations that the broker passes on begin so; repeatable (default: /topic, /queue, /sub).' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -l 'route' -d 'What is sent to the first destination comes on the second, as a handler of an application would have it; repeatable.' -rfka ''
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" tls-cert' -l 'tls-cert' -d 'Speak TLS on all listeners, with this certificate: PEM or PKCS#12.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" tls-key' -l 'tls-key' -d 'The key of --tls-cert, where that file does not hold it.' -rF
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" clock' -l 'clock' -d 'Send a JSON tick to /topic/clock each second.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve"' -l 'verbose' -s 'v' -d 'Tell on stderr who comes, subscribes and goes.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap serve" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap profiles" show-secrets' -l 'show-secrets' -d 'Show passcodes, Authorization, cookies and tokens.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap profiles" version' -l 'version' -d 'Show the version.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap profiles" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'stomptap' -n '__stomptap_should_offer_completions_for_flags_or_options "stomptap help" version' -l 'version' -d 'Show the version.'