import Foundation
import TestSupport
import Testing

/// The completions in the shells that people use.
@Suite struct ShellCompletionTests {
    enum Shell: String, CaseIterable, Sendable {
        case bash, zsh, fish

        /// What is typed to start it with nothing of its user's, and with our completions.
        var start: [String] {
            switch self {
            case .bash: ["exec bash --norc --noprofile -i", "PS1='ready> '", "source \(folder)/stomptap.bash"]
            case .zsh:
                [
                    "exec zsh -f -i", "PS1='ready> '", "fpath=(\(folder) $fpath)", "autoload -U compinit",
                    "compinit -u -D",
                ]
            case .fish:
                [
                    "exec fish --no-config --private", "function fish_prompt; echo -n 'ready> '; end",
                    "source \(folder)/stomptap.fish",
                ]
            }
        }

        private var folder: String { Repository.root.appending(path: "completions").path }
    }

    @Test(arguments: Shell.allCases) func aCommandAnOptionAndAProfileAreCompleted(shell: Shell) async throws {
        try await withTemporaryFolder { home in
            let profiles = home.appending(path: "stomptap")
            try FileManager.default.createDirectory(at: profiles, withIntermediateDirectories: true)
            try Data(#"{"url": "stomp://h"}"#.utf8).write(to: profiles.appending(path: "staging.json"))
            try Data("/topic/orders\n".utf8).write(to: profiles.appending(path: "destinations"))
            let environment = [
                "XDG_CONFIG_HOME": home.path, "XDG_STATE_HOME": home.path,
                "PATH": Program.productsFolder + ":/usr/bin:/bin",
            ]
            try await TmuxTerminal.run(columns: 100, rows: 24, environment: environment) { terminal in
                try await terminal.wait(for: "shell$", column: 7)
                for line in shell.start { try await terminal.enter(line) }
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
}
