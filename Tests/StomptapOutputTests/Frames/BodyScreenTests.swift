import OutputFixtures
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import StomptapOutput

/// Each kind of body on a terminal of 40 and of 80 columns. `STOMPTAP_RECORD=1` rewrites the expected files.
@Suite struct BodyScreenTests {
    private static let korean: [UInt8] = [193, 214, 185, 174, 32, 194, 252]

    private static func compressed(_ bytes: [UInt8], _ format: Zlib.Format) -> [UInt8] {
        bytes.withUnsafeBytes { Array(Zlib.compressed($0, as: format).readableBytesView) }
    }

    private static let json = Array(#"{"id": 42, "total":10.50, "tags":["새","b"],"none":{}}"#.utf8)
    private static let xml = Array(
        #"<?xml version="1.0"?><order id="42"><item n="1">Tea &amp; <b>more</b></item><empty/></order>"#.utf8)

    /// The name, the headers, the bytes and the display style of each body.
    private static let bodies: [(name: String, headers: [String], bytes: [UInt8], style: BodyStyle)] = [
        ("text", ["content-type:text/plain"], Array("one\n  two 주문 접수\nthree\n".utf8), BodyStyle()),
        ("JSON", ["content-type:application/json"], json, BodyStyle()),
        ("JSON called text", ["content-type:text/plain;charset=UTF-8"], json, BodyStyle()),
        ("JSON after a byte order mark", [], [0xEF, 0xBB, 0xBF] + json, BodyStyle()),
        ("marks that nobody sees", [], Array("a\u{200B}b\u{202E}c\u{FEFF}d\u{1B}[2J".utf8), BodyStyle()),
        ("XML", ["content-type:application/xml"], xml, BodyStyle()),
        ("gzip", ["content-encoding:gzip"], compressed(json, .gzip), BodyStyle()),
        ("gzip that nobody names", [], compressed(xml, .gzip), BodyStyle()),
        ("deflate", ["content-encoding:deflate"], compressed(json, .zlib), BodyStyle()),
        ("gzip cut off", [], Array(compressed(json, .gzip).prefix(30)), BodyStyle()),
        ("a bomb", [], compressed([UInt8](repeating: 0, count: 3000), .gzip), BodyStyle(inflatedLimit: 2000)),
        ("not gzip", ["content-encoding:gzip"], Array("hi".utf8), BodyStyle()),
        ("a charset", ["content-type:text/plain;charset=EUC-KR"], korean, BodyStyle()),
        ("a charset that is given", [], korean, BodyStyle(charset: "EUC-KR")),
        ("a charset that nobody names", [], korean, BodyStyle()),
        ("an unknown charset", ["content-type:text/plain;charset=x-none"], korean, BodyStyle()),
        ("a wrong charset", ["content-type:text/plain;charset=EUC-KR"], Array("새 주문".utf8), BodyStyle()),
        ("bytes", ["content-type:image/png"], Array(0...40), BodyStyle()),
        ("many bytes", [], [UInt8](repeating: 0, count: 100), BodyStyle(limit: 20)),
        ("much text", [], Array(String(repeating: "가나다 ", count: 40).utf8), BodyStyle(limit: 60)),
        ("much JSON", [], json, BodyStyle(limit: 20)),
        ("much XML", [], xml, BodyStyle(limit: 60)),
        ("nothing", ["content-encoding:gzip"], [], BodyStyle()),
    ]

    @Test(arguments: [40, 80]) func screens(columns: Int) throws {
        var lines: [String] = []
        for body in Self.bodies {
            let text = rendered(.pretty, try makeMessage(["destination:/a"] + body.headers, body: body.bytes)) {
                $0.isTerminal = true
                $0.width = .fixed(columns)
                $0.bodies = body.style
            }
            var terminal = TerminalModel(columns: columns, rows: 60)
            terminal.write(text.replacing("\n", with: "\r\n").utf8)
            #expect(terminal.unknown.isEmpty && terminal.bells == 0)
            lines += ["=== \(body.name)"] + terminal.everything
        }
        try Golden.expect(lines, equal: "screens-\(columns).txt")
    }
}
