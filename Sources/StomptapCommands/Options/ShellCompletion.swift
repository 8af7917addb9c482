import ArgumentParser
import FoundationEssentials
import LineEditor
import StomptapOutput
import StomptapRuntime
import SystemC

/// Words that a shell offers on Tab, such as destinations, escaped so that the shell treats them as plain text.
enum ShellCompletion {
    /// Whether a shell may offer this word: it has only printable characters and cannot be read as an option.
    static func canOffer(_ word: String) -> Bool {
        !word.isEmpty && !word.hasPrefix("-") && DisplayWidth.isPrintable(word)
    }

    /// The words in the form that the completion script of `shell` reads, without those that cannot be offered.
    ///
    /// - Parameter isOurs: whether it is the script of ``Stomptap/shellScript(for:)``. The parser's own script for
    ///   bash expands the words, and that for zsh does not quote `!`; these get only words that need no quotes.
    static func words(_ words: [String], for shell: CompletionShell?, isOurs: Bool) -> [String] {
        words.filter(canOffer).compactMap { word in
            guard isOurs || shell == .fish || shell == .zsh && !word.contains("!") || isPlain(word) else { return nil }
            // fish expands `~`, and does not quote it.
            if shell == .fish, word.hasPrefix("~") { return nil }
            // In zsh, a colon starts a description.
            return shell == .zsh ? word.replacing("\\", with: #"\\"#).replacing(":", with: #"\:"#) : word
        }
    }

    /// Whether a word needs no quotes in any shell.
    private static func isPlain(_ word: String) -> Bool {
        word.unicodeScalars.allSatisfy { scalar in
            !scalar.isASCII || "/._-+:,%@".unicodeScalars.contains(scalar)
                || ("0"..."9").contains(scalar) || ("A"..."Z").contains(scalar) || ("a"..."z").contains(scalar)
        } && !word.hasPrefix("%")
    }

    static func kind(_ words: @escaping @Sendable () -> [String]) -> CompletionKind {
        .custom { _, _, _ in Self.words(words(), for: .requesting, isOurs: getenv("STOMPTAP_COMPLETION") != nil) }
    }

    // MARK: The scripts

    /// Reads the words from the program and quotes them, in place of the `compgen -W` of the parser's script, which
    /// expands each word. The quotes are needed because bash leaves `$` and backquotes unquoted in file names.
    static func script(forBash script: String) -> String {
        let script = withShortHelp(script) { line in
            line.contains("non_repeating_flags=") ? [line.replacing(" --help)", with: " -h --help)")] : [line]
        }
        let call = #"__stomptap_add_completions -W "$(__stomptap_custom_complete "#
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard let start = line.firstRange(of: call) else { return String(line) }
            return line[..<start.lowerBound] + "__stomptap_add_words " + line[start.upperBound...].dropLast(2)
        }
        return lines.joined(separator: "\n").replacing("\n_stomptap() {\n", with: "\n" + addWords + "_stomptap() {\n")
    }

    /// Makes zsh quote `!` in inserted text if the shell would expand it.
    static func script(forZsh script: String) -> String {
        withShortHelp(script) { line in
            guard line == "        '--help[\(parserHelp)]'" else { return [line] }
            return [("-h", CommandHelp.shortHelp), ("--help", CommandHelp.wholeHelp)].map { name, text in
                "        '(-h --help)\(name)[\(text)]'"
            }
        }
        .replacing("    unsetopt aliases banghist\n", with: "    unsetopt aliases\n")
        .replacing("    local -xr SAP_SHELL=zsh\n", with: "    local -xr SAP_SHELL=zsh STOMPTAP_COMPLETION=1\n")
    }

    static func script(forFish script: String) -> String {
        withShortHelp(script) { line in
            if line.contains("__stomptap_parse_subcommand"), line.hasSuffix(" 'help'") {
                return [line.dropLast("'help'".count) + "'h/help'"]
            }
            let end = " help' -l 'help' -d '\(parserHelp)'"
            guard line.hasSuffix(end) else { return [line] }
            let start = line.dropLast(end.count) + " h help'"
            return [
                "\(start) -s 'h' -d '\(CommandHelp.shortHelp)'", "\(start) -l 'help' -d '\(CommandHelp.wholeHelp)'",
            ]
        }
    }

    /// The parser's description of `--help`.
    private static let parserHelp = "Show help information."

    /// Adds `-h`, which the parser does not know, to the lines that have `--help`.
    private static func withShortHelp(_ script: String, _ lines: (String) -> [String]) -> String {
        script.split(separator: "\n", omittingEmptySubsequences: false).flatMap { lines(String($0)) }
            .joined(separator: "\n")
    }

    private static let addWords = #"""
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


        """#
}

extension CompletionKind {
    /// The names of profiles, and `demo`.
    static let endpoint = ShellCompletion.kind { ProfileFile.names.filter(ProfileFile.isName) + ["demo"] }
    /// The destinations that were used before.
    static let destination = ShellCompletion.kind { UsedDestinations.all }
}

/// The destinations that were used on this terminal before, for completion:
/// `$XDG_STATE_HOME/stomptap/destinations`, one per line, newest first, readable only by the owner.
enum UsedDestinations {
    /// The maximum number that is kept.
    private static let most = 200
    /// The maximum file size, in bytes.
    private static let largestFile = 1 << 20

    /// The known destinations, in the order of the file.
    static var all: [String] {
        guard let path = UserFolders.state.map({ "\($0)/destinations" }),
            let content = try? InputFile.read(path, limit: largestFile)
        else { return [] }
        return String(decoding: content, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Saves destinations if the command was typed at a terminal; those of scripts are not saved. Errors are
    /// ignored, and so are destinations that completion could not offer.
    static func keep(_ destinations: [String]) {
        guard Terminal.isTerminal(STDERR_FILENO), let folder = UserFolders.state else { return }
        let named = destinations.filter(ShellCompletion.canOffer)
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard let lock = lockFolder(folder, waiting: 100) else { return }
        defer { close(lock) }
        let known = all
        let kept = (named + known.filter { ShellCompletion.canOffer($0) && !named.contains($0) }).prefix(most)
        guard Array(kept) != known else { return }
        // Replaces the file atomically.
        _ = replaceFile("\(folder)/destinations", with: kept.flatMap { Array("\($0)\n".utf8) })
    }
}
