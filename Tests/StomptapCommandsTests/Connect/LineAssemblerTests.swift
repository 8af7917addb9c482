import Testing

@testable import StomptapCommands

/// How lines come together to commands, and apart.
struct LineAssemblerTests {
    private func commands(_ lines: String...) -> [LineCommand?] {
        var assembler = LineAssembler()
        return (lines.flatMap { assembler.take($0) } + [assembler.end()].compactMap { $0 }).map {
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

    @Test func whatIsWrongIsToldBeforeTheBodyIsTyped() {
        #expect(commands("send -x /a <<EOF", "quit") == [nil, .quit])
    }

    @Test func aBodyThatNeverEndsIsAFault() {
        #expect(commands("send /a <<EOF", "quit") == [nil])
        var assembler = LineAssembler()
        #expect(assembler.take("send /a <<EOF").isEmpty)
        #expect(assembler.delimiter == "EOF")
        #expect(assembler.end()?.source == "send /a <<EOF")
        #expect(assembler.delimiter == nil)
        #expect(assembler.end() == nil)
    }

    @Test func whatIsPastedBehindADestinationIsItsBody() {
        #expect(commands("send /a {\n  \"a\": 1\n}") == [send("{\n  \"a\": 1\n}")])
        #expect(commands("send /a\n[\n]") == [send("[\n]")])
        #expect(commands("send /a <<EOF\nsub /b\nEOF\nquit") == [send("sub /b"), .quit])
    }

    @Test func severalCommandsThatArePastedAreSeveral() {
        #expect(commands("send /a 1\n\n# two\nsend /a 2\nquit\n") == [send("1"), send("2"), .quit])
        #expect(commands("subs\nfoo\nquit") == [.listSubscriptions, nil, .quit])
    }

    @Test(arguments: [
        ("sub /a; send /b hi; wait 1", ["sub /a", "send /b hi", "wait 1"]), ("a;b; c;", ["a;b", "c"]),
        (#"send /a {"x": "1; 2"; 3}; quit"#, [#"send /a {"x": "1; 2"; 3}"#, "quit"]),
        (#"send /a "a; b"; send /a 'c; d'; x"#, [#"send /a "a; b""#, "send /a 'c; d'", "x"]),
        ("send /a it's; send /a that's; x", ["send /a it's", "send /a that's", "x"]),
        ("send /a { open; x", ["send /a { open", "x"]), ("send /a } shut; x", ["send /a } shut", "x"]),
        (#"send /a "open; x"#, [#"send /a "open"#, "x"]),
        (#"send /a {"a": "}; {", "b": "\"; "}; x"#, [#"send /a {"a": "}; {", "b": "\"; "}"#, "x"]),
        ("send /a {{a; b}; c}; x", ["send /a {{a; b}; c}", "x"]), ("  ;  ; ", []), ("a\nb; c\n", ["a", "b", "c"]),
        ("send /a {\n1;\n2}\nx", ["send /a {\n1;\n2}", "x"]),
        ("send /a <<EOF\nit's; {\nEOF\nx; y", ["send /a <<EOF\nit's; {\nEOF", "x", "y"]),
        ("send /a hi ; x", ["send /a hi ", "x"]), ("안녕; x", ["안녕", "x"]),
    ])
    func scriptsAreCutAtSemicolons(text: String, lines: [String]) {
        #expect(ScriptSplitter.lines(of: text) == lines)
    }

    /// Texts that a careless search would look through again and again.
    @Test(arguments: ["{; ", "'", "\"; ", "{}; ", "a; ", "{'"])
    func cuttingTakesNoLongTime(unit: String) {
        let text = String(repeating: unit, count: 40_000)
        let start = ContinuousClock.now
        _ = ScriptSplitter.lines(of: text)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
