import Testing

@testable import StomptapConsole

/// How lines are joined to commands, and split.
struct LineAssemblerTests {
    private func commands(_ lines: String...) -> [LineCommand?] {
        var assembler = LineAssembler()
        return (lines.flatMap { assembler.append($0) } + [assembler.end()].compactMap { $0 }).map {
            try? $0.command.get()
        }
    }

    private func send(_ body: String) -> LineCommand {
        .send(LineCommand.Outgoing(destination: "/a"), .text(body))
    }

    @Test func aBodyGoesOnUntilItsWord() {
        #expect(
            commands("send /a <<EOF", "{", "quit", " EOF", "", "}", "EOF", "quit") == [
                send("{\nquit\n EOF\n\n}"), .quit,
            ])
        #expect(commands("send /a <<X", "X") == [send("")])
        #expect(commands("raw <<EOF", "BEGIN", "transaction:t", "", "EOF") == [.raw(.text("BEGIN\ntransaction:t\n"))])
    }

    @Test func errorsArePrintedBeforeTheBodyIsTyped() {
        #expect(commands("send -x /a <<EOF", "quit") == [nil, .quit])
    }

    @Test func aBodyThatNeverEndsIsAFault() {
        #expect(commands("send /a <<EOF", "quit") == [nil])
        var assembler = LineAssembler()
        #expect(assembler.append("send /a <<EOF").isEmpty)
        #expect(assembler.delimiter == "EOF")
        #expect(assembler.end()?.source == "send /a <<EOF")
        #expect(assembler.delimiter == nil)
        #expect(assembler.end() == nil)
    }

    @Test func whatIsPastedAfterADestinationIsItsBody() {
        #expect(commands("send /a {\n  \"a\": 1\n}") == [send("{\n  \"a\": 1\n}")])
        #expect(commands("send /a\n[\n]") == [send("[\n]")])
        #expect(commands("send /a <<EOF\nsub /b\nEOF\nquit") == [send("sub /b"), .quit])
    }

    @Test func severalCommandsThatArePastedAreSeveral() {
        #expect(commands("send /a 1\n\n# two\nsend /a 2\nquit\n") == [send("1"), send("2"), .quit])
        #expect(commands("subs\nfoo\nquit") == [.listSubscriptions, nil, .quit])
    }

    /// A command that continues over several lines gives the same result typed line by line, pasted, and in a script.
    @Test(arguments: [
        ("send /a {\n  \"a\": 1\n}\nquit", ["{\n  \"a\": 1\n}"]),
        ("send /a [\n[1,\n2], {\n}\n]\nquit", ["[\n[1,\n2], {\n}\n]"]),
        ("send /a {\"a\": 1,\n\"b\": 2}\nquit", ["{\"a\": 1,\n\"b\": 2}"]),
        ("send /a {\n\"}\": \"\\\"}\",\n\"it's\n}\nquit", ["{\n\"}\": \"\\\"}\",\n\"it's\n}"]),
        ("send /a {\nquit\n# no comment\n\n} and more\nquit", ["{\nquit\n# no comment\n\n} and more"]),
        ("send /a x {\n}\nsend /b\nquit", ["x {\n}", ""]), ("raw {\n}\nquit", ["{\n}"]),
        // Any other unclosed text may be intended.
        ("send /a {\"a\": 1\nquit", ["{\"a\": 1"]), ("send /a hi,\nquit", ["hi,"]), ("send /a \"{\nquit", ["\"{"]),
        ("send /a } [ ], \nquit", ["} [ ], "]), ("send /a @file[\nquit", ["@file["]),
    ])
    func openBracketsGoOnInTheNextLine(text: String, bodies: [String]) {
        var script = LineAssembler(), typed = LineAssembler()
        let items = [
            script.append(script: text),
            text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { typed.append(String($0)) },
        ]
        for items in items {
            let found = items.dropLast().map { item in
                switch try? item.command.get() {
                case .send(_, .text(let body)), .raw(.text(let body)): body
                case .send(_, .file(let name)): "@\(name)"
                default: nil as String?
                }
            }
            #expect(found == bodies)
            #expect(items.last?.command == .success(.quit))
            #expect(items.last?.line == text.split(separator: "\n", omittingEmptySubsequences: false).count)
        }
    }

    @Test func bracketsThatNothingClosesAreAFault() {
        var assembler = LineAssembler()
        #expect(assembler.append("send /a {\n[1]\nquit").isEmpty)
        #expect(assembler.delimiter == "}")
        let item = assembler.end()
        #expect(item?.line == 1)
        #expect(
            item?.command
                == .failure(
                    LineError("unfinished body: missing }; if the body has unclosed brackets, use <<EOF")))
    }

    @Test(arguments: [
        ("sub /a; send /b hi; wait 1", ["sub /a", " send /b hi", " wait 1"]), ("a;b; c;", ["a;b", " c"]),
        (#"send /a {"x": "1; 2"; 3}; quit"#, [#"send /a {"x": "1; 2"; 3}"#, " quit"]),
        (#"send /a "a; b"; send /a 'c; d'; x"#, [#"send /a "a; b""#, " send /a 'c; d'", " x"]),
        ("send /a it's; send /a that's; x", ["send /a it's", " send /a that's", " x"]),
        ("send /a { open; x", ["send /a { open", " x"]), ("send /a } shut; x", ["send /a } shut", " x"]),
        (#"send /a "open; x"#, [#"send /a "open"#, " x"]),
        (#"send /a {"a": "}; {", "b": "\"; "}; x"#, [#"send /a {"a": "}; {", "b": "\"; "}"#, " x"]),
        ("send /a {{a; b}; c}; x", ["send /a {{a; b}; c}", " x"]), ("a;  ; ", ["a"]), ("", [""]),
        ("send /a hi ; x", ["send /a hi ", " x"]), ("안녕; x", ["안녕", " x"]), ("a; # b; c", ["a", " # b; c"]),
    ])
    func linesOfScriptsAreCutAtSemicolons(line: String, pieces: [Substring]) {
        #expect(ScriptSplitter.pieces(of: line[...], from: line.startIndex) == pieces)
    }

    @Test func bodiesOfScriptsAreNotCut() {
        var assembler = LineAssembler()
        let items = assembler.append(
            script: "subs; send /a <<EOF\nit's; {\nEOF\nsend /a {\n1; [2;\n]}; subs; send /a [\n]; quit")
        #expect(
            items.map { try? $0.command.get() } == [
                .listSubscriptions, send("it's; {"), send("{\n1; [2;\n]}"), .listSubscriptions, send("[\n]"), .quit,
            ])
        #expect(items.map(\.line) == [1, 2, 5, 8, 9, 11])
    }

    /// Texts that a naive search would scan again and again.
    @Test(arguments: ["{; ", "'", "\"; ", "{}; ", "# ; ", "{'", "[\n", "{}; \n", "\n"])
    func splittingIsFast(unit: String) {
        let text = "send /a [" + (unit.last == "\n" ? "\n" : "") + String(repeating: unit, count: 40_000)
        var assembler = LineAssembler()
        let start = ContinuousClock.now
        _ = ScriptSplitter.pieces(of: text[...], from: text.startIndex)
        if unit.last == "\n" { _ = assembler.append(script: text) }
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
