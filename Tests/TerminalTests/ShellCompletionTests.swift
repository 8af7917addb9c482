import Foundation
import TestSupport
import Testing

/// Files installed by `make install`, in real shells, with a PREFIX outside the shells' default paths.
@Suite struct ShellCompletionTests {
    enum Shell: String, CaseIterable, Sendable {
        case bash, zsh, fish

        /// The lines that start the shell without any user configuration.
        func start(prefix: String) -> [String] {
            switch self {
            case .bash:
                [
                    "exec bash --norc --noprofile -i", "PS1='ready> '",
                    "source /usr/share/bash-completion/bash_completion",
                ]
            case .zsh:
                [
                    "exec zsh -f -i", "PS1='ready> '", "fpath=(\(prefix)/share/zsh/site-functions $fpath)",
                    "autoload -U compinit", "compinit -u -D",
                ]
            case .fish: ["exec fish --private", "function fish_prompt; echo -n 'ready> '; end"]
            }
        }
    }

    /// Installs below a folder, as with `make install PREFIX=/opt/tools`, and links the built program.
    private func install(below root: URL) async throws -> String {
        let result = try await Program(
            "/usr/bin/make",
            ["-C", Repository.root.path, "install-docs", "DESTDIR=\(root.path)", "PREFIX=/opt/tools"]
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        let prefix = root.appending(path: "opt/tools")
        try FileManager.default.createDirectory(
            at: prefix.appending(path: "bin"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: prefix.appending(path: "bin/stomptap").path,
            withDestinationPath: Program.productsFolder + "/stomptap")
        return prefix.path
    }

    @Test(arguments: Shell.allCases) func aCommandAnOptionAndAProfileAreCompleted(shell: Shell) async throws {
        try await withTemporaryFolder { home in
            let prefix = try await install(below: home)
            let profiles = home.appending(path: "stomptap")
            try FileManager.default.createDirectory(at: profiles, withIntermediateDirectories: true)
            try Data(#"{"url": "stomp://h"}"#.utf8).write(to: profiles.appending(path: "staging.json"))
            try Data("/topic/orders\n".utf8).write(to: profiles.appending(path: "destinations"))
            let environment = [
                "HOME": home.path, "XDG_CONFIG_HOME": home.path, "XDG_STATE_HOME": home.path,
                "XDG_DATA_DIRS": "\(prefix)/share:/usr/local/share:/usr/share",
                "PATH": "\(prefix)/bin:/usr/bin:/bin",
            ]
            try await TmuxTerminal.run(columns: 100, rows: 24, environment: environment) { terminal in
                try await terminal.wait(for: "shell$", column: 7)
                for line in shell.start(prefix: prefix) { try await terminal.enter(line) }
                try await terminal.enter("echo started | tr a-z A-Z; clear")
                try await terminal.wait(for: "ready>", column: 7)
                for (typed, completed) in [
                    ("stomptap profi", "stomptap profiles"),
                    ("stomptap subscribe --idle", "stomptap subscribe --idle-timeout"),
                    ("stomptap subscribe sta", "stomptap subscribe staging"),
                    ("stomptap subscribe staging /topic/or", "stomptap subscribe staging /topic/orders"),
                ] {
                    try await terminal.type(typed)
                    try await terminal.wait(for: "ready> \(typed)")
                    try await terminal.press("Tab")
                    try await terminal.wait(for: "ready> \(completed)")
                    try await terminal.press("C-u")
                    try await terminal.wait(for: "ready>", column: 7)
                }
            }
        }
    }

    /// Destinations and profile names with characters that are special in a shell: Tab inserts each so that the
    /// command gets exactly this text, and nothing runs. Names that cannot be displayed are not offered.
    @Test(arguments: Shell.allCases) func noShellRunsOrExpandsWhatIsOffered(shell: Shell) async throws {
        try await withTemporaryFolder { home in
            let prefix = try await install(below: home)
            let state = home.appending(path: "stomptap")
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            let taken = home.appending(path: "taken").path
            let program = prefix + "/bin/stomptap"
            try FileManager.default.removeItem(atPath: program)
            let script = """
                #!/bin/sh
                if [ "$1" = ---completion ]; then exec \(Program.productsFolder)/stomptap "$@"; fi
                printf '%s\\n' "$@" > \(taken).new && mv \(taken).new \(taken)
                """
            try Data(script.utf8).write(to: URL(filePath: program))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
            let environment = [
                "HOME": home.path, "XDG_CONFIG_HOME": home.path, "XDG_STATE_HOME": home.path,
                "XDG_DATA_DIRS": "\(prefix)/share:/usr/local/share:/usr/share",
                "PATH": "\(prefix)/bin:/usr/bin:/bin",
            ]
            try await TmuxTerminal.run(columns: 100, rows: 24, environment: environment) { terminal in
                try await terminal.wait(for: "shell$", column: 7)
                try await terminal.enter("cd \(home.path)")
                for line in shell.start(prefix: prefix) { try await terminal.enter(line) }
                try await terminal.enter("echo started | tr a-z A-Z; clear")
                try await terminal.wait(for: "ready>", column: 7)
                /// Returns the arguments that the command gets when this text, a Tab and Enter are typed.
                func arguments(_ typed: String) async throws -> [String] {
                    try? FileManager.default.removeItem(atPath: taken)
                    try await terminal.type(typed)
                    try await terminal.press("Tab", "Enter")
                    return try await eventually {
                        (try? String(contentsOfFile: taken, encoding: .utf8))?.split(separator: "\n").map(String.init)
                    } otherwise: {
                        "\(typed) and Tab ran nothing"
                    }
                }
                func offer(_ destinations: String...) throws {
                    let text = destinations.map { $0 + "\n" }.joined()
                    try Data(text.utf8).write(to: state.appending(path: "destinations"))
                }
                for word in Self.awkwardWords where shell != .fish || !word.hasPrefix("~") {
                    try offer(word)
                    #expect(try await arguments("stomptap publish h ") == ["publish", "h", word])
                    let start = word.prefix(2)
                    guard !start.contains("'") else { continue }
                    let typed = shell == .fish ? String(start).replacing("\\", with: "\\\\") : String(start)
                    #expect(try await arguments("stomptap publish h '\(typed)") == ["publish", "h", word])
                }
                // The common prefix of several candidates is inserted.
                try offer("$SYS/$(touch marker)", "$SYS/`touch marker`")
                try await terminal.enter("clear")
                // Text typed before the prompt appears would be echoed in front of it.
                try await terminal.wait(for: "ready>", column: 7)
                try await terminal.type(#"stomptap publish h \$S"#)
                try await terminal.press("Tab")
                try await eventually {
                    try await terminal.rows().contains { $0.hasPrefix(#"ready> stomptap publish h \$SYS/"#) } ? () : nil
                } otherwise: {
                    "nothing was inserted"
                }
                // In fish the candidate list has the keyboard focus, so leave it. In bash a Ctrl-C would affect the
                // next completion.
                if shell == .fish { try await terminal.press("C-c") }
                try await terminal.press("C-u")
                let never = ["/a\u{1b}[2J", "/a\u{202e}b", "/a\u{200b}b", "/a\tb", "/a\rtouch marker", "-H"]
                // fish inserts a tilde without quoting it.
                for word in never + (shell == .fish ? ["~root"] : []) {
                    try offer(word)
                    #expect(try await arguments("stomptap publish h ") == ["publish", "h"])
                }
                try offer("/topic/one")
                let name = "$(touch marker)"
                try Data(#"{"url": "stomp://h"}"#.utf8).write(to: state.appending(path: "\(name).json"))
                #expect(try await arguments("stomptap publish '$") == ["publish", name])
                #expect(!FileManager.default.fileExists(atPath: home.path + "/marker"))
            }
        }
    }

    private static let awkwardWords = [
        "$SYS/broker", "$(touch marker)", "`touch marker`", "\\$(touch marker)", "/a$HOME", "/a b", "/a;touch marker",
        "a|touch marker", "/it's", "/x\"y", "/a\\b", "~root", "{a,b}", "/*", "/a!b", "!!", "=ls", "%self", "#c", "/a:b",
        "^a^b", "/tmp", "/방송",
    ]

    /// `man` also searches next to the folders in PATH.
    @Test func manFindsThePages() async throws {
        try await withTemporaryFolder { root in
            let prefix = try await install(below: root)
            for page in try Repository.pages() {
                let name = page.deletingPathExtension().lastPathComponent
                var man = Program("/usr/bin/man", ["--where", name])
                man.environment["PATH"] = "\(prefix)/bin:/usr/bin:/bin"
                let result = try await man.run()
                #expect(result.lines == ["\(prefix)/share/man/man1/\(name).1"], "\(result)")
            }
        }
    }
}
