import Glibc

/// Names of users, for display only: what is recorded is their number.
package enum UserName {
  /// `alice`, or `user 1000` where this machine has no name for it.
  package static func text(_ id: UInt32) -> String {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 << 10)
    let isFound = unsafe getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0
    guard isFound, unsafe found != nil, let name = unsafe entry.pw_name else { return "user \(id)" }
    let text = unsafe String(cString: name)
    return text.isEmpty ? "user \(id)" : text
  }
}
