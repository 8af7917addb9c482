import Foundation
import TestSupport
import Testing

/// The plan of the house, kept true.
struct DesignTests {
    /// Which rooms a room may import.
    private static let arrows: [String: Set<String>] = [
        "stomptap": ["StomptapCommands"],
        "generate-docs": ["StomptapCommands"],
        "StomptapCommands": [
            "STOMPClient", "STOMPBroker", "STOMPTap", "LineEditor", "STOMPTransport", "STOMPCore", "CSpawn",
        ],
        "STOMPClient": ["STOMPTransport", "STOMPCore"],
        "STOMPBroker": ["STOMPTransport", "STOMPCore"],
        "STOMPTap": ["STOMPTransport", "STOMPCore"],
        "STOMPTransport": ["COpenSSL", "CZlib"],
        "LineEditor": ["CEditLine"],
        "STOMPCore": [],
        "COpenSSL": [],
        "CEditLine": [],
        "CZlib": [],
        "CSpawn": [],
    ]

    /// Modules that only these folders may import.
    private static let reserved: [String: [String]] = [
        "COpenSSL": ["STOMPTransport/TLS/"],
        "CEditLine": ["LineEditor/"],
        "CZlib": ["STOMPTransport/WebSocket/", "STOMPTransport/Zlib.swift"],
        "CSpawn": ["StomptapCommands/Program/"],
        "ArgumentParser": ["StomptapCommands/"],
        "Foundation": [],
        "FoundationNetworking": [],
        "FoundationInternationalization": [],
    ]

    /// Why the source file at `path`, counted from `Sources`, may not import `module`; nil if it may.
    private static func objection(to module: String, in path: String) -> String? {
        let room = String(path.prefix { $0 != "/" })
        guard let allowed = arrows[room] else { return "\(room) is no room of the design" }
        if let folders = reserved[module], !folders.contains(where: path.hasPrefix) {
            return "\(path) may not import \(module)"
        }
        if arrows[module] != nil, !allowed.contains(module) {
            return "\(room) may not know \(module), but \(path) imports it"
        }
        if room == "STOMPCore", !["NIOCore", "Glibc", "Musl", "Darwin"].contains(module) {
            return "STOMPCore knows NIOCore and the C library only, but \(path) imports \(module)"
        }
        return nil
    }

    private static func imports(in source: String) -> [String] {
        let line =
            /^\h*(?:@\w+(?:\([^)]*\))?\h+)*(?:\w+\h+)?import\h+(?:(?:struct|class|enum|protocol|func|let|var|typealias)\h+)?(\w+)/
        return source.matches(of: line.anchorsMatchLineEndings()).map { String($0.output.1) }
    }

    @Test func roomsImportWhatTheyMay() throws {
        let sources = Repository.root.appending(path: "Sources")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: sources.path).filter { $0.hasSuffix(".swift") }
        #expect(paths.count > 10)
        for path in paths {
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            for module in Self.imports(in: text) {
                #expect(Self.objection(to: module, in: path) == nil)
            }
        }
    }

    @Test func importsAreFoundInAllTheirForms() {
        let source = """
            import A
            @preconcurrency import B
            internal import C
            @_spi(X) public import D
            import struct E.F
              import G // conditional
            // import H
            let text = "import I"
            """
        #expect(Self.imports(in: source) == ["A", "B", "C", "D", "E", "G"])
    }

    @Test(arguments: [
        ("COpenSSL", "STOMPTransport/TCP/Connect.swift"), ("COpenSSL", "STOMPClient/A.swift"),
        ("STOMPClient", "STOMPBroker/A.swift"), ("STOMPCore", "STOMPTransport/A.swift"),
        ("NIOPosix", "STOMPCore/A.swift"), ("Foundation", "stomptap/main.swift"), ("NIOCore", "Attic/A.swift"),
    ])
    func breachesAreSeen(module: String, path: String) {
        #expect(Self.objection(to: module, in: path) != nil)
    }

    /// Foundation brings 41 MB of ICU with it; FoundationEssentials does not.
    @Test func noFoundationIsLinked() async throws {
        let result = try await Program("/usr/bin/ldd", [Program.productsFolder + "/stomptap"]).run()
        let libraries = result.lines.compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
        #expect(libraries.contains("libc.so.6"), "\(result)")
        let refused = libraries.filter { $0.contains("Foundation") && $0 != "libFoundationEssentials.so" }
        #expect(refused.isEmpty)
    }
}
