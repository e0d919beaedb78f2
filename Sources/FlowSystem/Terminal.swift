import CLinux
import Glibc

/// The terminal on standard output.
package struct Terminal: Sendable {
  package struct Size: Equatable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
      self.columns = columns
      self.rows = rows
    }
  }

  /// The size of a terminal that does not know its own (a serial line, a recording).
  private static let usualSize = Size(columns: 80, rows: 24)

  private let descriptor = STDOUT_FILENO

  /// Nil if standard output is no terminal, or one without cursor movement.
  package init?() {
    guard isatty(descriptor) == 1, let type = ProcessFacts.environmentValue("TERM"),
      !type.isEmpty, type != "dumb"
    else { return nil }
  }

  package var size: Size {
    let packed = clinux_terminal_size(descriptor)
    let (columns, rows) = (Int(packed & 0xFFFF), Int(packed >> 16))
    guard packed > 0, columns > 0, rows > 0 else { return Self.usualSize }
    return Size(columns: columns, rows: rows)
  }

  /// Whether this process may draw. In the background it would overwrite the shell's output.
  package var isOurs: Bool {
    let group = tcgetpgrp(descriptor)
    // A terminal that is not the controlling one has no foreground group and no shell.
    return group < 0 || group == getpgrp()
  }

  /// See https://no-color.org.
  package var hasColours: Bool {
    (ProcessFacts.environmentValue("NO_COLOR") ?? "").isEmpty
  }
}
