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
