import Foundation
import TestSupport
import Testing

/// Checks the module structure.
struct DesignTests {
    /// The modules that a module may import, in addition to SystemC.
    private static let arrows: [String: Set<String>] = [
        "stomptap": ["StomptapCommands"],
        "generate-docs": ["StomptapCommands", "StomptapOutput"],
        "StomptapCommands": [
            "StomptapConsole", "StomptapBench", "StomptapRuntime", "StomptapOutput", "STOMPClient", "STOMPBroker",
            "STOMPTap", "LineEditor", "STOMPTransport", "STOMPCore",
        ],
        "StomptapConsole": [
            "StomptapRuntime", "StomptapOutput", "STOMPClient", "LineEditor", "STOMPTransport", "STOMPCore",
        ],
        "StomptapBench": ["StomptapRuntime", "StomptapOutput", "STOMPClient", "STOMPTransport", "STOMPCore"],
        "StomptapRuntime": ["StomptapOutput", "STOMPClient", "STOMPTransport", "STOMPCore", "CSpawn"],
        "StomptapOutput": ["STOMPClient", "STOMPBroker", "STOMPTap", "STOMPTransport", "STOMPCore"],
        "STOMPClient": ["STOMPTransport", "STOMPCore"],
        "STOMPBroker": ["STOMPTransport", "STOMPCore"],
        "STOMPTap": ["STOMPTransport", "STOMPCore"],
        "STOMPTransport": ["COpenSSL", "CZlib"],
        "LineEditor": ["CEditLine"],
        "STOMPCore": [],
        "SystemC": [],
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
        "CSpawn": ["StomptapRuntime/Process/"],
        "Glibc": ["SystemC/"],
        "Musl": ["SystemC/"],
        "Darwin": ["SystemC/"],
        "ArgumentParser": ["StomptapCommands/"],
        "Foundation": [],
        "FoundationNetworking": [],
        "FoundationInternationalization": [],
    ]

    /// Returns why the source file at `path`, relative to `Sources`, may not import `module`; nil if it may.
    private static func objection(to module: String, in path: String) -> String? {
        let room = String(path.prefix { $0 != "/" })
        guard let allowed = arrows[room] else { return "\(room) is no room of the design" }
        if let folders = reserved[module], !folders.contains(where: path.hasPrefix) {
            return "\(path) may not import \(module)"
        }
        if module != "SystemC", arrows[module] != nil, !allowed.contains(module) {
            return "\(room) may not know \(module), but \(path) imports it"
        }
        if room == "STOMPCore", !["NIOCore", "SystemC"].contains(module) {
            return "STOMPCore knows NIOCore and SystemC only, but \(path) imports \(module)"
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
        ("StomptapOutput", "STOMPClient/A.swift"), ("StomptapOutput", "STOMPTap/A.swift"),
        ("StomptapCommands", "StomptapOutput/A.swift"), ("LineEditor", "StomptapOutput/A.swift"),
        ("CEditLine", "StomptapCommands/A.swift"), ("ArgumentParser", "StomptapOutput/A.swift"),
        ("StomptapCommands", "StomptapConsole/A.swift"), ("StomptapConsole", "StomptapBench/A.swift"),
        ("StomptapBench", "StomptapConsole/A.swift"), ("StomptapRuntime", "StomptapOutput/A.swift"),
        ("ArgumentParser", "StomptapConsole/A.swift"), ("LineEditor", "StomptapBench/A.swift"),
        ("Glibc", "LineEditor/A.swift"), ("CSpawn", "StomptapCommands/A.swift"),
    ])
    func breachesAreSeen(module: String, path: String) {
        #expect(Self.objection(to: module, in: path) != nil)
    }

    // MARK: Facts in lower modules, wording in upper ones

    /// The modules below `StomptapOutput`: they do not know options, hints or other vendors' brokers.
    private static let lowerRooms = [
        "STOMPCore", "STOMPTransport", "STOMPClient", "STOMPTap", "STOMPBroker", "LineEditor",
    ]

    /// Returns the places where a file of a lower module names an option or a broker, or parses one of our own
    /// messages, such as `12: names --ca`.
    private static func offences(in source: String, path: String) -> [String] {
        let parts = SwiftSource(source)
        // The embedded broker may name the servers that it emulates.
        let names =
            path.hasPrefix("STOMPBroker/") ? [] : ["RabbitMQ", "ActiveMQ", "Spring", "Tomcat", "Apollo", "Artemis"]
        let named = parts.literals.flatMap { literal in
            let options = literal.text.matches(of: /(?:^|[^-\w])(--[a-z][-a-z]*)/).map { String($0.output.1) }
            return (options + names.filter { literal.text.contains($0) }).map { "\(literal.line): names \($0)" }
        }
        let readers =
            /(?:\.(?:message|summary|description|sentence|text)|\b(?:message|summary|sentence)|\)")[?!]?\.(?:\w+\(\)\.)?(?:contains|hasPrefix|hasSuffix|lowercased|starts)\b/
        let lines = parts.code.split(separator: "\n", omittingEmptySubsequences: false)
        let read = lines.enumerated().filter { $0.element.contains(readers) }.map {
            "\($0.offset + 1): reads a sentence"
        }
        return named + read
    }

    @Test func lowerRoomsSayFacts() throws {
        let sources = Repository.root.appending(path: "Sources")
        for room in Self.lowerRooms {
            let folder = sources.appending(path: room).path
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder) where file.hasSuffix(".swift") {
                let path = "\(room)/\(file)"
                let offences = Self.offences(in: try Repository.text("Sources/\(path)"), path: path)
                #expect(offences.isEmpty, "\(path): \(offences)")
            }
        }
    }

    @Test(arguments: [
        #"throw Failure("no certificate; give it with --cert")"#, #"let hint = "--ca FILE""#,
        #"let hint = "in \(place) by --ca""#, #"let hint = "see \(isOld ? "--tls-min" : "the log")""#,
        ##"let hint = #"raise "--max-message""#"##, "let hint = \"\"\"\n    a\n    --ca b\n    \"\"\"",
        #"let hint = "RabbitMQ's is /ws""#, #"case "ActiveMQ/5": .queue"#,
        #"if error.message.contains("refused") { }"#, #"error.description.lowercased()"#,
        #"event.summary.hasPrefix("connecting")"#, #"failure?.sentence?.hasSuffix("?")"#,
        #"if summary.hasPrefix("closed") { }"#, #"if "\(error)".contains("reset") { }"#,
        #"explanation.text.lowercased().contains("a")"#,
    ])
    func wordsBelowAreSeen(source: String) {
        #expect(!Self.offences(in: source, path: "STOMPTransport/A.swift").isEmpty)
    }

    @Test(arguments: [
        #"let pem = "-----BEGIN CERTIFICATE-----""#, "// give it with --ca",
        "/* RabbitMQ's, /* by --ca */ --cert */ let a = 1",
        #"/// Spring answers none."#, #"let dash = "a -- b""#, #"let name = "STOMP--like""#, "index--count",
        #"if "/?#".utf8.contains(octet) { }"#, #"if header.contains("a") { }"#, "let RabbitMQ = 1",
        #"let url = "http://a/b" // --ca"#, #"let text = message"#, #"let list = [error.message]"#,
        #"if names.contains(error.message) { }"#,
    ])
    func factsBelowPass(source: String) {
        #expect(Self.offences(in: source, path: "STOMPTransport/A.swift") == [])
    }

    @Test func theEmbeddedBrokerKnowsItsProfiles() {
        #expect(Self.offences(in: #"case "Spring": 1"#, path: "STOMPBroker/A.swift") == [])
        #expect(Self.offences(in: #"let hint = "by --emulate""#, path: "STOMPBroker/A.swift") != [])
    }

    @Test func sourcesAreTakenApart() {
        let source = SwiftSource(
            ##"""
            let a = "x\(f("y", z.count))\"q" // "no"
            /* "no
            */ let b = #"r\n"w"# + """
                m "n"
                """
            """##)
        #expect(source.literals.map(\.text) == ["y", #"x\()\"q"#, #"r\n"w"#, "\n    m \"n\"\n    "])
        #expect(source.literals.map(\.line) == [1, 1, 3, 3])
        #expect(source.code.split(separator: "\n")[0].hasPrefix(#"let a = "\(f("", z.count))""#))
    }

    // MARK: The library

    /// The modules of the product `STOMPClient`.
    private static let library = ["STOMPClient", "STOMPCore", "STOMPTransport"]

    /// A public declaration, up to its body.
    private struct Declaration {
        /// The line number, from 1.
        var line: Int
        var text: String
        var isDocumented: Bool
    }

    /// The declarations with `public`, and the cases of public enums.
    private static func publicDeclarations(in source: String) -> [Declaration] {
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        var declarations: [Declaration] = []
        // The indentation of the cases of the public enums around a line.
        var cases: [Int] = []
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indent)
            if text.hasPrefix("}") { cases.removeAll { $0 > indent } }
            let isPublic = text.prefixMatch(of: /(?:@\w+(?:\([^)]*\))?\h+)*(?:\w+\h+)?public\h/) != nil
            guard isPublic || text.hasPrefix("case ") && cases.last == indent else { continue }
            if isPublic, text.contains(/\benum\h/), !text.contains("}") { cases.append(indent + 4) }
            var whole = String(text)
            var next = index + 1
            while whole.count(where: { $0 == "(" }) > whole.count(where: { $0 == ")" }), next < lines.count {
                whole += "\n" + lines[next]
                next += 1
            }
            let before = lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") }
            declarations.append(
                Declaration(
                    line: index + 1, text: whole, isDocumented: before?.drop { $0 == " " }.hasPrefix("///") ?? false))
        }
        return declarations
    }

    private static func isCase(_ declaration: Declaration) -> Bool { declaration.text.hasPrefix("case ") }

    /// Cases need documentation only in the module that users import; in the others most repeat a specification's name.
    private static func undocumented(in source: String, needsCases: Bool) -> [String] {
        publicDeclarations(in: source).filter { !$0.isDocumented && (needsCases || !isCase($0)) }.map {
            "\($0.line): \($0.text)"
        }
    }

    @Test(arguments: library) func publicDeclarationsAreDocumented(module: String) throws {
        try Self.forEachFile(of: module) { path, source in
            let missing = Self.undocumented(in: source, needsCases: module == "STOMPClient")
            #expect(missing.isEmpty, "\(path): \(missing.joined(separator: "\n"))")
        }
    }

    @Test(arguments: library) func publicTimesAreDurations(module: String) throws {
        try Self.forEachFile(of: module) { path, source in
            let others = Self.publicDeclarations(in: source).filter {
                $0.text.contains(/\bTimeAmount\b/) || Self.isTimeAsNumber($0.text)
            }
            #expect(others.isEmpty, "\(path): \(others.map(\.text).joined(separator: "\n"))")
        }
    }

    private static func isTimeAsNumber(_ declaration: String) -> Bool {
        declaration.contains(/(?:Seconds|\b(?:milli)?seconds|[tT]imeout|[dD]elay|[iI]nterval)\w*: (?:Int\d*|Double)\b/)
    }

    @Test(arguments: ["connectTimeout: Int", "retryDelay: Double = 1", "milliseconds: Int64", "timeout: Int"])
    func aTimeAsANumberIsSeen(declaration: String) {
        #expect(Self.isTimeAsNumber("public var \(declaration)"))
        #expect(!Self.isTimeAsNumber("public var connectTimeout: Duration"))
    }

    private static func forEachFile(of module: String, _ check: (_ path: String, _ source: String) -> Void) throws {
        let folder = Repository.root.appending(path: "Sources/\(module)").path
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder) where file.hasSuffix(".swift") {
            let path = "Sources/\(module)/\(file)"
            check(path, try Repository.text(path))
        }
    }

    @Test(arguments: [
        "public let one = 1", "    public mutating func two() {}", "/// One.\n\npublic struct One {}",
        "// One.\npublic nonisolated var one: Int { 1 }", "@inlinable\npublic func one() {}",
        "/// One.\npublic enum One {\n    case two\n}", "/// One.\npublic indirect enum One {\n    case two(One)\n}",
        "public static func < (left: One, right: One) -> Bool { true }",
    ])
    func missingDocumentationIsSeen(source: String) {
        #expect(!Self.undocumented(in: source, needsCases: true).isEmpty)
    }

    @Test(arguments: [
        "/// One.\npublic let one = 1", "/// One.\n@inlinable\npublic func one() {}", "let one = 1",
        "package let one = 1",
        "/// One.\npublic enum One {\n    /// Two.\n    case two\n    var three: Int {\n        switch self {\n"
            + "        case .two: 3\n        }\n    }\n}\nenum Four {\n    case five\n}",
    ])
    func documentationIsSeen(source: String) {
        #expect(Self.undocumented(in: source, needsCases: true) == [])
    }

    /// SwiftPM refuses to build a package that depends on one with unsafe flags.
    @Test func thePackageCanBeADependency() throws {
        #expect(try !Repository.text("Package.swift").contains("unsafeFlags"))
    }

    // MARK: What is linked

    /// Foundation brings 41 MB of ICU with it; FoundationEssentials does not.
    @Test func noFoundationIsLinked() async throws {
        let result = try await Program("/usr/bin/ldd", [Program.productsFolder + "/stomptap"]).run()
        let libraries = result.lines.compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
        #expect(libraries.contains("libc.so.6"), "\(result)")
        let refused = libraries.filter { $0.contains("Foundation") && $0 != "libFoundationEssentials.so" }
        #expect(refused.isEmpty)
    }
}
