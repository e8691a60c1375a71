namespace AiCoder.Core.Validation.Ecosystems;

/// <summary>What is known about one kind of project.</summary>
internal interface IEcosystem
{
    string Name { get; }

    /// <summary>Asked only where no other kind was found in the folder or above it.</summary>
    bool IsFallback => false;

    /// <summary>Whether a project further up (or here) runs what is in this folder as well.</summary>
    bool Covers(Project outer, ProjectFolder folder) => true;

    /// <summary>The project in this very folder; null: there is none.</summary>
    Project? Detect(ProjectFolder folder);
}
