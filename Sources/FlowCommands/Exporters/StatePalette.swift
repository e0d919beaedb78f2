/// The colours of states in drawings on white: of the box, and of its border and text. They differ
/// in lightness as well as in hue, and never stand without the word.
enum StatePalette {
  static func fill(_ status: StepStatus) -> String {
    switch status {
    case .waiting, .ready: "#f4f4f5"
    case .starting, .running, .stopping: "#dbeafe"
    case .backingOff, .asking: "#ffedd5"
    case .succeeded: "#d7f5e3"
    case .failed: "#fde0e0"
    case .skipped: "#ececef"
    case .cancelled: "#f3e8ff"
    case .interrupted: "#fef3c7"
    }
  }

  static func line(_ status: StepStatus) -> String {
    switch status {
    case .waiting, .ready: "#71717a"
    case .starting, .running, .stopping: "#1d4ed8"
    case .backingOff, .asking: "#c2410c"
    case .succeeded: "#15803d"
    case .failed: "#b91c1c"
    case .skipped: "#71717a"
    case .cancelled: "#7e22ce"
    case .interrupted: "#a16207"
    }
  }
}
