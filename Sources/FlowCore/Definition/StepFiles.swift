/// The files that a step makes, as `files` declares them: paths relative to its working folder. One with a
/// slash at its end is a whole folder. Each can be a template.
package enum StepFiles {
  /// The limit for the paths of one step.
  package static let most = 1_000
  /// The folder, in the working folder of a step, with the stages of attempts.
  package static let stages = ".flow-stage"

  package static func isFolder(_ path: String) -> Bool { path.utf8.last == UInt8(ascii: "/") }

  /// What is wrong with a path of bytes; nil if nothing is.
  ///
  /// - Parameter path: without templates.
  package static func fault(of path: [UInt8]) -> String? {
    if path.isEmpty { return "is empty" }
    if path.first == UInt8(ascii: "/") { return "is not relative to the folder of the step" }
    if path.contains(0) { return "has a zero byte" }
    if path.count > 4_000 { return "is longer than 4000 bytes" }
    var names = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if names.last?.isEmpty == true { names.removeLast() }
    for (place, name) in names.enumerated() {
      if name.isEmpty || name.elementsEqual(".".utf8) {
        return "is not in its shortest form: leave out \"//\" and \".\""
      }
      if name.elementsEqual("..".utf8) { return "leads out of the folder of the step" }
      if name.count > 255 { return "has a name longer than 255 bytes" }
      if place == 0, name.elementsEqual(stages.utf8) {
        return "is in \(stages), where steps write what is not published yet"
      }
    }
    return nil
  }

  /// The same of a template: whatever its values are. What these can make wrong is found before a launch.
  package static func fault(ofTemplate text: String) -> String? {
    guard Template.isUsed(in: text), let template = try? Template(text) else {
      return fault(of: Array(text.utf8))
    }
    return fault(of: Array(template.text { _ in "value" }.utf8))
  }
}

/// How the files of a step come to be where it declares them.
package enum PublishMode: UInt8, CaseIterable, Sendable {
  /// Its command writes them into a folder of its own (`$FLOW_STAGE`); when it has succeeded, they are put in
  /// place, each as a whole.
  case stage = 0
  /// Its command writes them into their places, so a reader can see half a file.
  case inPlace = 1
}

extension WorkflowDefinition {
  /// What the step at `index` makes, as templates; nothing of a node, whose children do.
  package func files(ofStep index: Int) -> [String] {
    let place = Int(steps[index].extrasIndex)
    return place == 0 || forEach(ofStep: index) != nil ? [] : extras[place].files
  }

  package func publishMode(ofStep index: Int) -> PublishMode {
    extras[Int(steps[index].extrasIndex)].publish
  }

  /// Whether what its command has made is published: its files, or for later runs its result.
  package func publishes(ofStep index: Int) -> Bool {
    caches(ofStep: index) || !files(ofStep: index).isEmpty
  }

  /// Whether the step at `index` can have the files that it declares.
  func hasSoundFiles(_ index: Int) -> Bool {
    let extras = extras[Int(steps[index].extrasIndex)]
    if extras.files.isEmpty, extras.publish != .stage { return false }
    if extras.files.isEmpty && extras.inputs.isEmpty && !extras.caches { return true }
    let runs = extras.question == nil && extras.forEach?.chain.isEmpty != false
    return runs && !extras.isRollback && extras.notice == nil
  }
}
