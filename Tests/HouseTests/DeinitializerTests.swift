import TestSupport
import Testing

/// Swift 6.3.1, optimizing, does not run the deinitializer of a generic structure that cannot be
/// copied, nor of what such a structure holds, where another module lets go of it: descriptors and
/// locks stayed held. What has to be given back is therefore owned by an object.
struct DeinitializerTests {
  @Test func onlyObjectsHaveDeinitializers() {
    for path in Repository.files(under: "Sources") where path.hasSuffix(".swift") {
      for (index, owner) in owners(ofDeinitializersIn: Repository.lines(of: path)) {
        #expect(owner.contains("class "), "\(path):\(index + 1): \(owner)")
      }
    }
  }

  @Test func ownersAreFound() {
    let lines = [
      "final class A {", "  struct B: ~Copyable {", "    deinit {}", "  }", "  deinit {}", "}",
    ]
    let found = owners(ofDeinitializersIn: lines.map { $0[...] })
    #expect(found.map(\.index) == [2, 4])
    #expect(found.map(\.owner) == ["  struct B: ~Copyable {", "final class A {"])
  }
}

/// The line that begins the type of each deinitializer: the last that is indented less.
private func owners(
  ofDeinitializersIn lines: [Substring]
) -> [(index: Int, owner: String)] {
  func indent(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }
  return lines.indices.filter { lines[$0].drop { $0 == " " }.hasPrefix("deinit ") }.map { index in
    let owner = lines[..<index].last { !$0.isEmpty && indent($0) < indent(lines[index]) }
    return (index, owner.map(String.init) ?? "")
  }
}
