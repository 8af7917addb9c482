import ArgumentParser
import Testing

@testable import StomptapCommands

/// The words that completion scripts receive.
struct ShellCompletionWordsTests {
    @Test(arguments: [
        "/a\nb", "/a\r", "/a\tb", "/\u{1b}[2J", "/\u{9b}", "/\u{202e}x", "/\u{200b}x", "-H", "", "/\u{2028}",
    ])
    func whatNobodySeesIsOfferedNowhere(word: String) {
        for shell: CompletionShell? in [.bash, .zsh, .fish, nil] {
            #expect(ShellCompletion.words([word, "/ok"], for: shell, isOurs: true) == ["/ok"])
        }
    }

    /// The argument parser's own scripts, installed by older versions, expand the words they read.
    @Test func aScriptThatExpandsIsGivenPlainWords() {
        let words = [
            "$(touch x)", "`touch x`", "$SYS/a", "/a b", "/a*", "~root", "{a,b}", "/a'b", "/topic/방송", "/a.b-c_1",
        ]
        #expect(ShellCompletion.words(words, for: .bash, isOurs: false) == ["/topic/방송", "/a.b-c_1"])
        #expect(ShellCompletion.words(words, for: nil, isOurs: false) == ["/topic/방송", "/a.b-c_1"])
        #expect(ShellCompletion.words(["/a!b", "/a"], for: .zsh, isOurs: false) == ["/a"])
    }

    @Test func aDescriptionIsNoPartOfAWord() {
        #expect(ShellCompletion.words([#"a:b\c"#], for: .zsh, isOurs: true) == [#"a\:b\\c"#])
        #expect(ShellCompletion.words(["~root", "/~"], for: .fish, isOurs: true) == ["/~"])
        #expect(ShellCompletion.words([#"a:b\c"#], for: .fish, isOurs: true) == [#"a:b\c"#])
    }

    /// The parser's scripts are changed by text replacement: if their text changes, the replacement must change too.
    @Test func theScriptsAreOurs() {
        let bash = Stomptap.shellScript(for: .bash)
        #expect(!bash.contains(#"-W "$("#))
        #expect(bash.contains("STOMPTAP_COMPLETION=1") && bash.contains("__stomptap_add_words ---completion publish"))
        let zsh = Stomptap.shellScript(for: .zsh)
        #expect(zsh.contains("STOMPTAP_COMPLETION=1") && !zsh.contains("banghist"))
        let fish = Stomptap.shellScript(for: .fish)
        // `-h`, which the parser does not know, for the program and each command.
        let count = Stomptap.configuration.subcommands.count + 1
        #expect(bash.ranges(of: " -h --help)").count == count && bash.ranges(of: "--help").count == count)
        #expect(zsh.ranges(of: "'(-h --help)-h[").count == count && zsh.ranges(of: "--help[").count == count)
        #expect(fish.ranges(of: "h help' -s 'h' -d ").count == count && fish.ranges(of: " -l 'help'").count == count)
        #expect(fish.ranges(of: "'h/help'").count == count)
    }
}
