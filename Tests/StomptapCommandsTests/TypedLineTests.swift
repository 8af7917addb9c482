import Testing

@testable import StomptapCommands

/// The answers to command lines that were typed for another tool, or are almost right.
@Suite struct TypedLineTests {
    @Test(arguments: [
        ("subscribe --host a", "subscribe: unknown option --host; the server is the first argument, such as"),
        ("publish demo --topic /a --body x", "unknown option --topic; the destination is an argument"),
        ("publish demo /a --body=x", "unknown option --body; the body is an argument, after the destination"),
        ("subscribe -u a", "unknown option -u; use --login"),
        ("check demo --user a", "unknown option --user; use --login"),
        ("check demo --pasword a", "unknown option --pasword; use --passcode-env"),
        ("connect demo --vhost /", "unknown option --vhost; use --virtual-host"),
        ("connect demo --token abc", "unknown option --token; use -C 'Authorization: Bearer ...'"),
        ("subscribe demo /a --hedaer x", "unknown option --hedaer; did you mean --header?"),
        ("subscribe demo /a --lines", "--lines is an option of publish; see 'stomptap subscribe -h'"),
        ("subscribe demo /a --zzzzzz=secret", "subscribe: unknown option --zzzzzz; see 'stomptap subscribe -h'"),
        // The value of an option is not an option, even if it looks like one.
        ("publish demo /a -H --zz -x", "unknown option -x"),
        ("sub demo /a --topic x", "sub: unknown option --topic; the destination is an argument"),
        ("serve --host 0.0.0.0", "serve: unknown option --host; see"),
    ]) func anOptionThatTheCommandDoesNotHaveIsAnswered(line: String, answer: String) throws {
        let fault = try #require(UnknownOption(in: line.split(separator: " ").map(String.init)))
        #expect(fault.line.contains(answer), "\(fault.line)")
        #expect(!fault.line.contains("secret"))
    }

    /// ActiveMQ sends to several destinations that are separated by commas.
    @Test func severalDestinationsMayBeSentTo() {
        #expect(DestinationAdvice.warning("/queue/a,/queue/b", isSent: true) == nil)
        #expect(DestinationAdvice.warning("/queue/a /queue/b", isSent: true) != nil)
    }

    @Test(arguments: ["subscribe demo /a -n -1", "publish demo /a -- --host", "check --help", "nothing --host", ""])
    func otherLinesAreLeftToTheParser(line: String) {
        #expect(UnknownOption(in: line.split(separator: " ").map(String.init)) == nil)
    }

    @Test(
        arguments: [
            ("/topic/a /topic/b", nil, #""/topic/a /topic/b" is a single destination; write several as separate"#),
            ("/queue/a,/queue/b", nil, "arguments: /queue/a /queue/b"),
            ("topic/room", nil, #""topic/room" does not start with a slash; did you mean /topic/room?"#),
            ("hello", "/topic/x", #""hello" is used as the destination, and the next argument as the body"#),
            ("/topic/a b", nil, nil), ("orders", nil, nil), ("orders", "hello", nil), ("jms.queue.a/b", nil, nil),
            ("/topic/a", "/path", nil), ("images", "/9j/4AAQSkZJRg", nil),
        ] as [(String, String?, String?)])
    func aDestinationThatWasMeantOtherwiseIsNamed(destination: String, body: String?, answer: String?) {
        let warning = DestinationAdvice.warning(destination, body: body)
        #expect((warning == nil) == (answer == nil), "\(warning ?? "")")
        if let answer { #expect(warning?.contains(answer) == true, "\(warning ?? "")") }
    }
}
