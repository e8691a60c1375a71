using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace AiCoder.Core.Secrets;

/// <summary>
/// The key ring's files, as Data Protection's own repository names them, but written as <see cref="PrivateFile"/> writes: whole or not
/// at all, and also where the file system keeps no modes.
/// </summary>
internal sealed class KeyFolder(string path) : IXmlRepository
{
    private static readonly XNamespace Signature = "http://www.w3.org/2000/09/xmldsig#";

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        PrivateFile.CreateFolder(path);
        return [.. Directory.EnumerateFiles(path, "*.xml").Order(StringComparer.Ordinal).Select(Read).OfType<XElement>()];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        PrivateFile.CreateFolder(path);
        PrivateFile.Write(Path.Combine(path, friendlyName + ".xml"), Encoding.UTF8.GetBytes(element.ToString()), overwrite: false);
    }

    /// <summary>Whether the ring has the key, as far as this machine sees.</summary>
    public bool Has(Guid key) => File.Exists(Path.Combine(path, $"key-{key:D}.xml"));

    /// <summary>The certificates that keys are encrypted with; of each its public part.</summary>
    public IReadOnlySet<string> Thumbprints() => GetAllElements()
        .SelectMany(key => key.Descendants(Signature + "X509Certificate"))
        .Select(certificate => KeyVaultCertificates.ThumbprintOf(Convert.FromBase64String(certificate.Value)))
        .ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the key that new secrets would be encrypted with lies here as it is.</summary>
    public bool NewestIsPlain() =>
        GetAllElements().Where(key => key.Name.LocalName == "key").MaxBy(key => (DateTimeOffset?)key.Element("activationDate")) is { } newest
        && !newest.Descendants().Any(element => element.Name.LocalName == "encryptedSecret");

    private static XElement? Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return XElement.Load(stream);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
