import Foundation
import TestSupport
import Testing

/// What `make install` puts into place, in the shells that people use, below a PREFIX that is not theirs.
@Suite struct ShellCompletionTests {
    enum Shell: String, CaseIterable, Sendable {
        case bash, zsh, fish

        /// What is typed to start it with nothing of its user's.
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

    /// Installs below a folder, as for `make install PREFIX=/opt/tools`, the program being the one that was built.
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

    /// Destinations and names of profiles that mean something to one shell or another: on Tab each is inserted so that
    /// the command gets exactly that, and nothing runs; what cannot be shown is not offered.
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
                /// What the command is given where this is typed, a Tab after it.
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
                // What several share is inserted.
                try offer("$SYS/$(touch marker)", "$SYS/`touch marker`")
                try await terminal.enter("clear")
                // What is typed before the prompt is there is echoed in front of it.
                try await terminal.wait(for: "ready>", column: 7)
                try await terminal.type(#"stomptap publish h \$S"#)
                try await terminal.press("Tab")
                try await eventually {
                    try await terminal.rows().contains { $0.hasPrefix(#"ready> stomptap publish h \$SYS/"#) } ? () : nil
                } otherwise: {
                    "nothing was inserted"
                }
                // In fish, a list has the keys. bash would hold a Ctrl-C against the next completion.
                if shell == .fish { try await terminal.press("C-c") }
                try await terminal.press("C-u")
                let never = ["/a\u{1b}[2J", "/a\u{202e}b", "/a\u{200b}b", "/a\tb", "/a\rtouch marker", "-H"]
                // fish inserts a tilde as it is.
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

    /// `man` looks beside the folders in which programs are.
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
