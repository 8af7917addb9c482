import NIOCore
import STOMPTransport
import Testing

@testable import StomptapOutput

/// Secrets that cannot be recognized by the text around them.
@Suite struct KnownSecretsTests {
    @Test func theNameOfAHeader() {
        let name = "X-Sesame-7"
        #expect(!SecretMask.hiding.hides(name))
        KnownSecrets.add(name: name)
        #expect(SecretMask.hiding.hides(name) && SecretMask.hiding.hides(name.lowercased()))
        #expect(!SecretMask.none.hides(name) && !SecretMask.hiding.hides(name + "s"))
        #expect(SecretMask.hiding.masked(summary: "\(name): abc\r\nA: b") == "\(name): ****\r\nA: b")
    }

    @Test(arguments: [
        ("it says 열려라참깨-1 and on", "it says **** and on"), ("열려라참깨-1", "****"),
        ("<열려라참깨-1열려라참깨-1>", "<********>"), ("Basic 열려라참깨-1", "****"), ("열려라참깨-", "열려라참깨-"),
        ("stomp://u:p열려라참깨-1@h", "stomp://u:****@h"), ("short abc", "short abc"),
    ])
    func aValue(text: String, shown: String) {
        KnownSecrets.add(value: "Basic 열려라참깨-1")
        KnownSecrets.add(value: "abc")
        #expect(SecretMask.hiding.masked(text) == shown)
        #expect(SecretMask.none.masked(text) == text)
    }

    /// An ERROR that quotes the secret, in a trace and its dump.
    @Test func aValueInAFrame() {
        let secret = "Open-Sesame-77"
        KnownSecrets.add(value: secret)
        let frame = "ERROR\nmessage:bad \(secret)\n\nno \(secret)\0"
        let event = WireEvent(.stomp, .incoming, .frames, .frame(command: "ERROR"), bytes: ByteBuffer(string: frame))
        for (mask, isShown) in [(SecretMask.hiding, false), (.none, true)] {
            var out = OutputBuffer()
            var printer = TracePrinter(.bytes, style: OutputStyle(mask: mask, width: .fixed(120)))
            printer.append(event, at: .now(), to: &out)
            #expect(out.text.contains(secret) == isShown, "\(out.text)")
            #expect(out.text.contains("message:bad"))
        }
    }
}
