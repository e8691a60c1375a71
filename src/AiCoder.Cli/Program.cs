Console.WriteLine("aicoder");
