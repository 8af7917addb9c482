import Foundation
import Testing

@testable import StomptapCommands

struct JSONStringTests {
    /// Plain octets go many at a time; none that is special may slip through with them, wherever it stands.
    @Test(arguments: ["\"", "\\", "\n", "\u{1F}", "\u{7F}", "é", "한", "\u{1F600}", "\u{202E}", " ", "~"])
    func everyPlaceIsLookedAt(special: String) throws {
        for place in 0...100 {
            let text = String(repeating: "x", count: place) + special + String(repeating: "y", count: 100 - place)
            let written = appended { out in withOctets(text) { out.append(jsonString: $0) } }
            let read = try JSONSerialization.jsonObject(with: Data(written.utf8), options: .fragmentsAllowed)
            #expect(read as? String == text)
            #expect(!written.unicodeScalars.contains { Visible.hides($0.value) }, "\(special.debugDescription)")
        }
    }

    @Test func whatIsNoUTF8IsReplacedWhereverItStands() {
        for place in 0...100 {
            let text = [UInt8](repeating: 0x78, count: place) + [0xFF] + [UInt8](repeating: 0x79, count: 100 - place)
            let written = appended { out in text.withUnsafeBytes { out.append(jsonString: $0) } }
            #expect(written == "\"" + String(decoding: text, as: UTF8.self) + "\"")
        }
    }
}
