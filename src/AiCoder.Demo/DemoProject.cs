namespace AiCoder.Demo;

/// <summary>
/// A small project with one failing test, in a language whose toolchain every machine has, and what mends it.
/// </summary>
/// <param name="Language">For people.</param>
/// <param name="Files">By path.</param>
/// <param name="Intent">What the task is told.</param>
/// <param name="Source">The file with the mistake.</param>
/// <param name="Wrong">The mistaken text in it; stands there once.</param>
/// <param name="Right">What it should be.</param>
/// <param name="TestCommand">Runs the tests: fails before and passes after.</param>
public sealed record DemoProject(
    string Language,
    IReadOnlyDictionary<string, string> Files,
    string Intent,
    string Source,
    string Wrong,
    string Right,
    string TestCommand)
{
    /// <summary>Python where the system has it, because it reads best; else shell.</summary>
    public static DemoProject ForThisMachine() =>
        PythonRoots.Any(HasPython) ? Python : Shell;

    private static readonly string[] PythonRoots = ["/usr", "/usr/local"];

    // A minimal python3 has no unittest.
    private static bool HasPython(string root) =>
        File.Exists($"{root}/bin/python3") && Directory.Exists($"{root}/lib")
        && Directory.EnumerateDirectories($"{root}/lib", "python3.*").Any(library => Directory.Exists($"{library}/unittest"));

    public static DemoProject Python { get; } = new(
        "Python",
        new Dictionary<string, string>
        {
            ["README.md"] = "# Shop\n\nPrices of a small shop. `python3 -m unittest` runs the tests.\n",
            ["prices.py"] =
                """
                def total(items):
                    '''The sum of (price, quantity) pairs; from 100 upwards 10 % off.'''
                    amount = sum(price * quantity for price, quantity in items)
                    if amount > 100:
                        amount = amount * 0.9
                    return round(amount, 2)

                """,
            ["test_prices.py"] =
                """
                import unittest

                from prices import total


                class TotalTest(unittest.TestCase):
                    def test_small_orders_pay_the_full_price(self):
                        self.assertEqual(total([(20, 2), (5, 1)]), 45)

                    def test_the_discount_begins_at_exactly_100(self):
                        self.assertEqual(total([(50, 2)]), 90)


                if __name__ == "__main__":
                    unittest.main()

                """,
        },
        "The discount should begin at exactly 100, but an order of 100 pays the full price. Make the failing test pass.",
        "prices.py",
        "if amount > 100:",
        "if amount >= 100:",
        "python3 -m unittest");

    public static DemoProject Shell { get; } = new(
        "shell",
        new Dictionary<string, string>
        {
            ["README.md"] = "# Shop\n\nPrices of a small shop. `sh test.sh` runs the tests.\n",
            ["price.sh"] =
                """
                # The price of an order; from 100 upwards 10 off.
                price() {
                    if [ "$1" -gt 100 ]; then
                        echo $(($1 - 10))
                    else
                        echo "$1"
                    fi
                }

                """,
            ["test.sh"] =
                """
                . ./price.sh
                expect() {
                    [ "$(price "$1")" = "$2" ] || { echo "price $1: expected $2, got $(price "$1")"; exit 1; }
                }
                expect 45 45
                expect 100 90
                echo "all passed"

                """,
        },
        "The discount should begin at exactly 100, but an order of 100 pays the full price. Make the failing test pass.",
        "price.sh",
        "-gt 100",
        "-ge 100",
        "sh test.sh");
}
