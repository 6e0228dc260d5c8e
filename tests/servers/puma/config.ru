run lambda { |env| [200, { 'content-type' => 'text/plain' }, ["hello from puma, generation #{File.read('generation')}"]] }
