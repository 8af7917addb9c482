import OutputFixtures
import Testing

@testable import StomptapOutput

@Suite struct XMLTextTests {
    /// The indented lines; nil if the text is not accepted.
    private func indented(_ text: String, indentation: Int = 0, limit: Int = .max) -> String? {
        withBytes(text) { bytes in
            XMLIndenter(bytes).map { xml in
                appended { out in
                    #expect(xml.write(indentation: indentation, limit: limit, to: &out) <= bytes.count)
                }
            }
        }
    }

    @Test func elementsHaveLinesAndTextStays() {
        let text =
            #"<?xml version="1.0"?><order id="42"><item  n='>'>A &amp; B</item><empty/><e></e><blank> </blank></order>"#
        #expect(
            indented(text) == #"""
                <?xml version="1.0"?>
                <order id="42">
                  <item  n='>'>A &amp; B</item>
                  <empty/>
                  <e></e>
                  <blank> </blank>
                </order>
                """#)
    }

    @Test func whatIsSetOutAlreadyIsSetOutAnew() {
        #expect(
            indented("\n<a>\n\t<b>\n\t\t<c>1</c>\r\n\t</b>\n</a>\n", indentation: 4)
                == "<a>\n      <b>\n        <c>1</c>\n      </b>\n    </a>")
    }

    @Test func anElementWithTextOfItsOwnStaysAsItIs() {
        let mixed = "<p>one <b>two</b> <i> <u/> </i>\n three</p>"
        #expect(indented(mixed) == mixed)
        #expect(indented("<d>\(mixed)<q/></d>") == "<d>\n  \(mixed)\n  <q/>\n</d>")
        let data = "<s><![CDATA[ <a> ]]]><b/></s>"
        #expect(indented(data) == data)
        let preserved = #"<pre xml:space="preserve"> <b/> </pre>"#
        #expect(indented(preserved) == preserved)
    }

    @Test func commentsAndDeclarationsHaveLines() {
        #expect(
            indented(#"<!DOCTYPE a [<!ENTITY b "<>">]><!-- > --><a><!-- <b> --><?x > ?></a><!--end-->"#) == #"""
                <!DOCTYPE a [<!ENTITY b "<>">]>
                <!-- > -->
                <a>
                  <!-- <b> -->
                  <?x > ?>
                </a>
                <!--end-->
                """#)
    }

    @Test(arguments: [
        "", " ", "<", "<a", "<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<>", "</>",
        "<a b='>", "<!-- <a/>", "<a><![CDATA[</a>", "<?xml <a/>", "<3 and >", "< a></ a>", "<a <b/>>", "<!-- only -->",
        "<p>one<br>two</p>", "a < b",
    ])
    func whatIsNotWellFormedIsLeft(text: String) {
        #expect(indented(text) == nil)
    }

    @Test func nestingIsBounded() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(indented(nested(XMLIndenter.deepestNesting)) != nil)
        #expect(indented(nested(XMLIndenter.deepestNesting + 1)) == nil)
        #expect(indented(String(repeating: "<a>", count: 200_000)) == nil)
    }

    /// Whatever is cut off or changed, the text without spaces stays the same.
    @Test func nothingButBlanksChanges() {
        let document = Array(#"<a x="1"> <b>t<i/></b><!--c--> <d><e/> </d></a>"#.utf8)
        var variants = (0...document.count).map { Array(document[..<$0]) }
        for index in document.indices {
            for byte in #"<>/ "!?-a["#.utf8 {
                var changed = document
                changed[index] = byte
                variants.append(changed)
            }
        }
        for variant in variants {
            let text = String(decoding: variant, as: UTF8.self)
            guard let shown = indented(text) else { continue }
            #expect(shown.filter { !$0.isWhitespace } == text.filter { !$0.isWhitespace })
        }
    }

    @Test func whereItIsCutOffItSaysHowFarItCame() {
        #expect(indented("<a><b>한글</b></a>", limit: 10) == "<a>\n  <b>한")
        #expect(indented("<a><b>한글</b></a>", limit: 3) == "<a>")
    }

    @Test func controlsAreEscaped() {
        #expect(indented("<a x='\u{1B}'>\u{9B}</a>") == "<a x='\\x1b'>\\u{9b}</a>")
    }
}
