import CLinux

/// What this process says on standard error if a precondition of its own ends it.
package enum LastWords {
  /// - Parameter words: with a line feed; at most 255 bytes count.
  package static func set(_ words: String) {
    unsafe clinux_set_last_words(words)
  }
}
