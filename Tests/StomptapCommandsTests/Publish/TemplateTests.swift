import Foundation
import NIOCore
import StomptapOutput
import StomptapRuntime
import Testing

@testable import StomptapCommands

struct TemplateTests {
    private func expand(_ text: String, number: Int = 1, environment: [String: String] = [:]) throws -> String {
        try Template(ByteBuffer(string: text), of: "it") { environment[$0] }.text(number: number)
    }

    @Test func placeholdersAreExpanded() throws {
        #expect(try expand("a {{count}} b {{ count }}{{count}}", number: 7) == "a 7 b 77")
        #expect(try expand("{{env A}}|{{env B}}", environment: ["A": "{{count}}", "B": ""]) == "{{count}}|")
        #expect(try expand("{{time}}").wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
        let numbers = Set(try (0..<200).map { _ in try expand("{{random -1 2}}") })
        #expect(numbers == ["-1", "0", "1", "2"])
    }

    @Test func uuidsAreRandomAndOfVersionFour() throws {
        let uuids = Set(try (0..<100).map { _ in try expand("{{uuid}}") })
        #expect(uuids.count == 100)
        let form = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        #expect(uuids.allSatisfy { $0.wholeMatch(of: form) != nil })
        #expect(try !expand("{{uuid}}{{uuid}}").isEmpty)
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("{ } }} {a}", "{ } }} {a}"), ("{{{{", "{{"), ("{{{{count}}", "{{count}}"),
        ("{\"a\":{\"b\":{{count}}}}", "{\"a\":{\"b\":1}}"), ("한글 {{count}} 글", "한글 1 글"),
    ])
    func bracesAreOthers(text: String, expanded: String) throws {
        #expect(try expand(text) == expanded)
    }

    @Test func bytesThatAreNoTextStay() throws {
        let bytes: [UInt8] = [0xFF, 0, 0xC3] + Array("{{count}}".utf8) + [0xFE]
        let body = try Template(ByteBuffer(bytes: bytes), of: "it").body(number: 3)
        #expect(Array(body.readableBytesView) == [0xFF, 0, 0xC3, UInt8(ascii: "3"), 0xFE])
    }

    @Test(arguments: [
        ("{{", "missing }} after {{"), ("{{count", "missing }} after {{"), ("{{}}", "unknown field {{}}"),
        ("{{nope}}", "unknown field {{nope}}"), ("{{count 1}}", "unknown field {{count 1}}"),
        ("{{random 2 1}}", "the smaller one first"), ("{{random 1}}", "unknown field {{random 1}}"),
        ("{{random a b}}", "two integers"), ("{{env NONE}}", "environment variable NONE is not set"),
        ("\n\n{{x}}", "(it, line 3)"), ("{{x}}", "{{uuid}}, {{random A B}}, {{env NAME}}"),
    ])
    func whatIsWrongIsNamed(text: String, part: String) {
        let failure = #expect(throws: Failure.self) { try expand(text) }
        #expect(failure?.status == .badInput)
        #expect(failure?.line?.contains(part) == true, "\(failure?.line ?? "")")
    }

    @Test func filesAreTakenIn() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "template-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "a b.bin")
        try Data([0xFF, 0x00, 0x7B, 0x7B]).write(to: file)
        let body = try Template(ByteBuffer(string: "<{{file \(file.path)}}>{{ base64  \(file.path) }}"), of: "it")
            .body(number: 1)
        #expect(Array(body.readableBytesView) == Array("<".utf8) + [0xFF, 0, 0x7B, 0x7B] + Array(">/wB7ew==".utf8))
        for text in ["{{file}}", "{{base64 }}"] {
            #expect(throws: Failure.self) { try Template(ByteBuffer(string: text), of: "it") }
        }
        let missing = #expect(throws: Failure.self) {
            try Template(ByteBuffer(string: "{{file \(folder.path)/none}}"), of: "it")
        }
        #expect(missing?.status == .noInput)
    }
}
