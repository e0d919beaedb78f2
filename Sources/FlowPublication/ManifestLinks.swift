extension Manifest {
  /// As many links as Linux follows in one path.
  private static let mostLinks = 40

  /// Whether a link, followed through all other links of its folder, leads out of that folder. One that leads
  /// nowhere does not.
  func leadsOut(link path: String, to target: String, of folder: String) -> Bool {
    let depth = PathParts.names(of: folder).count
    // Names below the folder, up to where the link has led so far.
    var place = Array(PathParts.names(of: path).dropFirst(depth).dropLast())
    var rest = PathParts.names(of: target)[...]
    var links = 1
    if PathParts.isAbsolute(target) { return true }
    while let name = rest.popFirst() {
      switch name {
      case "", ".": break
      case "..":
        if place.popLast() == nil { return true }
      default:
        let next = ([folder] + place + [name]).joined(separator: "/")
        guard case .link(let target) = entry(at: next)?.content else {
          place.append(name)
          continue
        }
        if PathParts.isAbsolute(target) { return true }
        links += 1
        if links > Self.mostLinks { return false }
        rest = PathParts.names(of: target)[...] + rest
      }
    }
    return false
  }
}
