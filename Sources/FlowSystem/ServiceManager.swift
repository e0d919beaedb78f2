import Glibc

/// What starts and stops everything here, and ends what shares a unit or container with flow.
package enum ServiceManager: Equatable, Sendable {
  /// Flow runs in this unit.
  case systemd(unit: String)
  /// Process 1 of a container or machine, by its name.
  case other(name: String)

  /// - Parameter sender: the process that sent a SIGTERM.
  /// - Returns: nil if that is a process like any other, such as a shell.
  init?(sender: Int32) {
    guard sender > 0 else { return nil }
    let name = Self.line(of: "/proc/\(sender)/comm")
    if name == "systemd" {
      // Version 2 of cgroups has one hierarchy, whose number is zero (cgroups(7)).
      let group = Self.lines(of: "/proc/self/cgroup").first {
        $0.hasPrefix("0::") || $0.contains(":name=systemd:")
      }
      let unit = group?.split(separator: "/").last.map(String.init) ?? ""
      guard unit.hasSuffix(".service") || unit.hasSuffix(".scope") else { return nil }
      self = .systemd(unit: unit)
    } else if sender == 1 {
      self = .other(name: name)
    } else {
      return nil
    }
  }

  private static func line(of path: String) -> String { lines(of: path).first ?? "" }

  private static func lines(of path: String) -> [String] {
    let bytes = (try? FileReading.bytes(of: path, limit: 1 << 16)) ?? []
    return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  }
}
